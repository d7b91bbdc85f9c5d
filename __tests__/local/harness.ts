import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll } from 'vitest';
import { buildRic } from '../../scripts/build-ric.ts';
import { crc32 } from '../../src/local/crc32.ts';
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../../src/local/index.ts';

export const REGION = 'eu-central-1';
export const BUCKET = `lumo-tasks-000000000000-${REGION}`;
export const ROLE = 'arn:aws:iam::000000000000:role/local';

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'local-aws-test-'));
  cleanups.push(async () => {
    // A sandbox whose server was killed leaves read-only folders.
    spawnSync('chmod', ['-R', 'u+w', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

let runtimeClient: Promise<string> | undefined;

async function buildRuntimeClient(): Promise<string> {
  const file = path.join(await temporaryFolder(), 'ric', 'index.mjs');
  await buildRic(file);
  return file;
}

export interface Cloud {
  aws: LocalAws;
  lambda: LambdaClient;
  s3: S3Client;
  stateDir: string;
  runtimeClient: string;
}

/** A server with short waits, and the two clients as the action makes them. */
export async function startCloud(options: Partial<LocalAwsOptions> = {}): Promise<Cloud> {
  runtimeClient ??= buildRuntimeClient();
  const stateDir = options.stateDir ?? (await temporaryFolder());
  const aws = await startLocalAws({
    runtimeClient: await runtimeClient,
    timing: { pendingMs: 20, updateMs: 20 },
    ...options,
    stateDir,
  });
  cleanups.push(() => aws.close());
  return { aws, stateDir, runtimeClient: await runtimeClient, ...clients(aws.endpoint) };
}

export function clients(endpoint: string): { lambda: LambdaClient; s3: S3Client } {
  const common = { endpoint, region: REGION, credentials, maxAttempts: 1 };
  return { lambda: new LambdaClient(common), s3: new S3Client({ ...common, forcePathStyle: true }) };
}

export interface ZipFile {
  name: string;
  data: string | Buffer;
  mode?: number;
}

/** A zip, written without the code under test. */
export function zip(files: readonly ZipFile[], change: (zip: Buffer) => void = () => {}): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, data, mode = 0o100644 } of files) {
    const raw = Buffer.from(data);
    const packed = deflateRawSync(raw);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(raw), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(raw.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE((mode << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, attributes, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  const whole = Buffer.concat([...locals, directory, end]);
  change(whole);
  return whole;
}

/** A package of one file whose handler is the given source. */
export function handlerZip(source: string): Buffer {
  return zip([{ name: 'index.mjs', data: source }]);
}

export async function createFunction(
  { lambda }: Pick<Cloud, 'lambda'>,
  name: string,
  source: string | Buffer,
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: ROLE,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 10,
      MemorySize: 512,
      Code: { ZipFile: typeof source === 'string' ? handlerZip(source) : source },
      ...settings,
    }),
  );
  await settled({ lambda }, name);
}

/** Waits until nothing of the function is changing. */
export async function settled({ lambda }: Pick<Cloud, 'lambda'>, name: string, qualifier?: string): Promise<void> {
  for (;;) {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: name, Qualifier: qualifier }));
    if (Configuration?.State === 'Active' && Configuration.LastUpdateStatus === 'Successful') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Invoked {
  value: unknown;
  error: { errorType: string; errorMessage: string; trace?: string[] } | undefined;
  log: string;
  version: string | undefined;
  requestId: string | undefined;
}

export async function invoke(
  { lambda }: Pick<Cloud, 'lambda'>,
  name: string,
  payload: unknown = {},
  qualifier?: string,
): Promise<Invoked> {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload), LogType: 'Tail', Qualifier: qualifier }),
  );
  const value: unknown = JSON.parse(answer.Payload?.transformToString() ?? 'null');
  return {
    value,
    error: answer.FunctionError === undefined ? undefined : (value as Invoked['error']),
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    version: answer.ExecutedVersion,
    requestId: answer.$metadata.requestId,
  };
}

/** A process nobody has waited for yet is dead too. */
export function isAlive(pid: number): boolean {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && !stdout.startsWith('Z');
}
