import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AwsClients, createClients } from '../../src/aws/clients.ts';
import { systemClock } from '../../src/clock.ts';
import { createFunctionsApi, type FunctionsApi } from '../../src/functions/api.ts';
import type { DeployFunctionsOptions } from '../../src/functions/deploy.ts';
import { type LocalAws, startLocalAws } from '../../src/local/index.ts';
import type { Package } from '../../src/package/types.ts';
import { compress, writeZip } from '../../src/package/zip.ts';
import type { ProjectTask } from '../../src/project/types.ts';
import { createS3Store } from '../../src/state/s3-store.ts';
import type { ObjectStore } from '../../src/state/types.ts';
import { recordingLog } from '../aws/helpers.ts';
import { packageOf } from './helpers.ts';

export const IDENTITY = { project: 'shop', environment: 'dev', repository: 'o/r' };
export const ROLE = 'arn:aws:iam::000000000000:role/local';
export const BUCKET = 'lumo-tasks-000000000000-eu-west-1';

/** A real Lambda API over HTTP, and a project whose tasks have the source given here. */
export interface Bench {
  aws: LocalAws;
  clients: AwsClients;
  api: FunctionsApi;
  log: ReturnType<typeof recordingLog>;
  store: ObjectStore;
  /** Task name to source; a change is a change of code. */
  sources: Map<string, string | Buffer>;
  /** Names of the tasks of every call of `pack`. */
  packed: string[][];
  options(tasks: ProjectTask[], changes?: Partial<DeployFunctionsOptions>): DeployFunctionsOptions;
  /** The operations since the last call, without the polling of states. */
  operations(): string[];
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'functions-'));
  const timing = { pendingMs: 30, updateMs: 20 };
  const aws = await startLocalAws({ stateDir, runtimeClient: path.join(stateDir, 'none.mjs'), timing });
  const clients = createClients({
    region: 'eu-west-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    env: {},
  });
  const log = recordingLog();
  const clock = { ...systemClock, random: () => 0 };
  const api = createFunctionsApi({ lambda: clients.lambda, region: 'eu-west-1', clock, log });
  const store = createS3Store({ client: clients.s3, bucket: BUCKET, bucketOwner: '000000000000' });
  const sources = new Map<string, string | Buffer>();
  const packed: string[][] = [];
  let seen = aws.requests.length;

  async function pack(tasks: ProjectTask[]): Promise<Package[]> {
    packed.push(tasks.map((task) => task.name));
    return await Promise.all(tasks.map((task) => packageWith(task, sources.get(task.name) ?? '')));
  }

  return {
    aws,
    clients,
    api,
    log,
    store,
    sources,
    packed,
    options: (tasks, changes = {}) => ({
      api,
      tasks,
      identity: IDENTITY,
      role: ROLE,
      eventBusName: undefined,
      inputs: new Map(tasks.map((task) => [task.name, hash(sources.get(task.name) ?? '')])),
      pack,
      known: new Map(),
      store: undefined,
      beforeWrites: async () => undefined,
      ...changes,
    }),
    operations() {
      const recent = aws.requests.slice(seen);
      seen = aws.requests.length;
      const names = recent.map((request) => request.operation);
      return names.filter((name, index) => name !== 'GetFunction' || names[index - 1] !== 'GetFunction');
    },
    async close() {
      clients.close();
      await aws.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export async function packageWith(task: ProjectTask, source: string | Buffer): Promise<Package> {
  const key = hash(source);
  const zip =
    zips.get(key) ?? writeZip([{ name: 'index.mjs', mode: 0o100644, content: await compress(Buffer.from(source)) }]);
  zips.set(key, zip);
  return packageOf(task, zip);
}

/** The large ones take a while. */
const zips = new Map<string, Buffer>();

export function hash(source: string | Buffer): string {
  return createHash('sha256').update(source).digest('hex');
}
