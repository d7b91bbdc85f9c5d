import { type FunctionRecord, isPending, isUpdating, LATEST, revisionId, type VersionRecord } from './records.ts';

export function functionArn(account: string, region: string, name: string, version?: string): string {
  const qualifier = version === undefined || version === LATEST ? '' : `:${version}`;
  return `arn:aws:lambda:${region}:${account}:function:${name}${qualifier}`;
}

/** Lambda's FunctionConfiguration, as every operation answers it. `qualified`: the ARN names the version. */
export function configuration(
  account: string,
  record: FunctionRecord,
  version: VersionRecord,
  now: number,
  qualified = false,
) {
  const { Environment, Layers, VpcConfig, KMSKeyArn, ...settings } = version.settings;
  const arn = functionArn(account, record.region, record.name);
  return {
    FunctionName: record.name,
    FunctionArn: qualified
      ? `${arn}:${version.version}`
      : functionArn(account, record.region, record.name, version.version),
    ...settings,
    CodeSize: version.codeSize,
    CodeSha256: version.codeSha256,
    LastModified: version.lastModified,
    Version: version.version,
    PackageType: 'Zip',
    TracingConfig: { Mode: 'PassThrough' },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    RevisionId: revisionId(version, now),
    ...(Environment && Object.keys(Environment.Variables).length > 0 ? { Environment } : {}),
    ...(Layers && Layers.length > 0 ? { Layers: Layers.map((layer) => ({ Arn: layer, CodeSize: 0 })) } : {}),
    ...(VpcConfig ? { VpcConfig: { ...VpcConfig, VpcId: VpcConfig.SubnetIds.length > 0 ? 'vpc-local' : '' } } : {}),
    ...(KMSKeyArn ? { KMSKeyArn } : {}),
    ...state(version, now),
  };
}

function state(version: VersionRecord, now: number) {
  if (isPending(version, now)) {
    return { State: 'Pending', StateReason: 'The function is being created.', StateReasonCode: 'Creating' };
  }
  if (!isUpdating(version, now)) return { State: 'Active', LastUpdateStatus: 'Successful' };
  return {
    State: 'Active',
    LastUpdateStatus: 'InProgress',
    LastUpdateStatusReason: 'The function is being created.',
    LastUpdateStatusReasonCode: 'Creating',
  };
}
