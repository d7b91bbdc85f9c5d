/** Everything of a version that its owner can set; names as in Lambda's API. */
export interface Settings {
  Runtime: string;
  Handler: string;
  Role: string;
  Description: string;
  Timeout: number;
  MemorySize: number;
  Architectures: string[];
  EphemeralStorage: { Size: number };
  LoggingConfig: { LogFormat: string; LogGroup: string };
  Environment?: { Variables: Record<string, string> };
  /** ARNs. Accepted and answered, not run. */
  Layers?: string[];
  VpcConfig?: { SubnetIds: string[]; SecurityGroupIds: string[] };
  KMSKeyArn?: string;
}

/** `$LATEST` or a published version, which never changes. */
export interface VersionRecord {
  version: string;
  settings: Settings;
  /** Base64. */
  codeSha256: string;
  codeSize: number;
  /** ISO 8601. */
  lastModified: string;
  /** When the change that made it is complete, milliseconds since the epoch. */
  readyAt: number;
  /** Pending until then after a creation; InProgress after an update. */
  change: 'create' | 'update';
  /** A change has one revision while it goes on, and another one once it is complete. */
  revisions: { changing: string; complete: string };
}

export interface FunctionRecord {
  name: string;
  region: string;
  tags: Record<string, string>;
  latest: VersionRecord;
  /** What `$LATEST` runs while its update is in progress. */
  before?: VersionRecord;
  /** Published ones, ascending. */
  versions: VersionRecord[];
}

export const LATEST = '$LATEST';

export function isPending(version: VersionRecord, now: number): boolean {
  return version.change === 'create' && now < version.readyAt;
}

export function isUpdating(version: VersionRecord, now: number): boolean {
  return version.change === 'update' && now < version.readyAt;
}

export function revisionId(version: VersionRecord, now: number): string {
  return now < version.readyAt ? version.revisions.changing : version.revisions.complete;
}
