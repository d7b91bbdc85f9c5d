import path from 'node:path';
import type { AwsClients } from '../aws/clients.ts';
import type { PresignerOptions } from '../aws/presign.ts';
import { ActionError } from '../errors.ts';
import type { FunctionsApi } from '../functions/api.ts';
import type { Project } from '../project/types.ts';
import type { Report } from '../report/types.ts';
import type { ObjectStore } from '../state/types.ts';
import type { OpenProject } from './open-project.ts';
import type { Session } from './session.ts';

/** Where the functions and the state live: AWS, or the embedded one. */
export interface Cloud {
  clients: AwsClients;
  functions: FunctionsApi;
  /** `undefined` with `bucket: none`. */
  store: ObjectStore | undefined;
  /** What addresses in the bucket are signed with. */
  signing: PresignerOptions | undefined;
  /** ARN of the role new functions run with. */
  role: string | undefined;
  account: string | undefined;
  region: string;
  provider: 'aws' | 'local';
  /** Ends every function that is still running; `undefined` where nobody can. */
  endFunctions: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** The AWS clients take a while to load: started early, while esbuild reads the project. */
export function loadAws() {
  return Promise.all([import('../aws/clients.ts'), import('../state/s3-store.ts'), import('../functions/api.ts')]);
}

export type AwsModules = Awaited<ReturnType<typeof loadAws>>;

const LOCAL_ACCOUNT = '000000000000';
const LOCAL_ROLE = `arn:aws:iam::${LOCAL_ACCOUNT}:role/local`;

export async function openCloud(
  session: Session,
  { project }: Pick<OpenProject, 'project'>,
  [{ createClients }, { createS3Store }, { createFunctionsApi }]: AwsModules,
  report: Report,
): Promise<Cloud> {
  const provider = session.inputs.provider ?? project.provider;
  const region = regionOf(session, project, provider);
  report.region = region;
  const local = provider === 'local' ? await startEmbedded(session, project) : undefined;
  const role = session.inputs.executionRoleArn ?? project.executionRole ?? (local && LOCAL_ROLE);
  const account = role?.split(':')[4];
  const clients = createClients({
    region,
    env: session.env,
    ...(local && { endpoint: local.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  });
  const bucket = bucketName(session, account, region);
  const location = bucket === undefined ? undefined : { bucket, bucketOwner: session.inputs.bucketOwner ?? account };
  const store = location && createS3Store({ client: clients.s3, ...location });
  if (store === undefined) report.notices.push(NO_BUCKET);
  const { clock, runner: log, signal } = session;
  return {
    clients,
    functions: createFunctionsApi({ lambda: clients.lambda, region, clock, log, signal }),
    store,
    signing: location && { client: clients.s3Signer, ...location },
    role,
    account,
    region,
    provider,
    endFunctions: local && (() => local.endFunctions()),
    async close() {
      clients.close();
      await local?.close();
    },
  };
}

export const NO_BUCKET =
  'bucket: none, so there is no lock against two deployments at once, no record of what completed, and history comes from git tags.';

export function knownRegion({ env, inputs }: Session, project: Project): string | undefined {
  return inputs.region ?? project.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
}

function regionOf(session: Session, project: Project, provider: 'aws' | 'local'): string {
  const region = knownRegion(session, project);
  if (region) return region;
  if (provider === 'local') return 'us-east-1';
  throw new ActionError('REGION_MISSING', 'No AWS region is set.', {
    advice:
      'Set `region` in lumo.config, the input `region`, or AWS_REGION (aws-actions/configure-aws-credentials does).',
    location: { key: 'region' },
  });
}

async function startEmbedded(session: Session, project: Project) {
  sayWhichNode(session, project);
  const { startLocalAws } = await import('../local/index.ts');
  return await startLocalAws({
    stateDir: path.join(session.root, '.lumo', 'local'),
    runtimeClient: path.join(session.distDir, 'ric', 'index.mjs'),
    secrets: project.secrets,
  });
}

/** Tasks of the embedded AWS run on the Node that runs the action, whatever runtime the functions have. */
function sayWhichNode({ runner }: Session, { tasks }: Project): void {
  const [major] = process.versions.node.split('.');
  const others = new Set(tasks.map(({ settings }) => settings.runtime).filter((name) => name !== `nodejs${major}.x`));
  if (others.size > 0)
    runner.info(`Tasks run on Node ${process.versions.node} here; their runtime on AWS is ${[...others].join(', ')}.`);
}

function bucketName(session: Session, account: string | undefined, region: string): string | undefined {
  const { bucket, channel } = session.inputs;
  if (bucket === 'none' && channel === 'required') {
    throw new ActionError('INPUT_INVALID', 'Input `channel` is `required`, and there is no bucket for it.', {
      advice: 'Leave out `bucket: none`, or `channel`.',
      location: { key: 'channel' },
    });
  }
  if (bucket === 'none') return undefined;
  if (bucket !== undefined) return bucket;
  if (account !== undefined) return `lumo-tasks-${account}-${region}`;
  throw new ActionError('BUCKET_UNKNOWN', 'The bucket for marker and lock is not known.', {
    advice:
      'Set the input `bucket` (or `execution-role-arn`, whose account names the default bucket). `bucket: none` does without marker and lock.',
    location: { key: 'bucket' },
  });
}
