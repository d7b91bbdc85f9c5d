import path from 'node:path';
import type { EnvironmentPlace } from '../hand-over.ts';
import type { EnvironmentOptions } from '../state/environment.ts';
import { stateKeys } from '../state/keys.ts';
import type { ObjectStore } from '../state/types.ts';

/** The bucket of the main step. */
export async function openPlace(
  { provider, root, region, bucket, bucketOwner }: EnvironmentPlace,
  { env, distDir }: { env: NodeJS.ProcessEnv; distDir: string },
): Promise<{ store: ObjectStore; close(): Promise<void> }> {
  const [{ createClients }, { createS3Store }] = await Promise.all([
    import('../aws/clients.ts'),
    import('../state/s3-store.ts'),
  ]);
  const local = provider === 'local' ? await startLocal(root, distDir) : undefined;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const clients = createClients({ region, env, ...(local && { endpoint: local.endpoint, credentials }) });
  return {
    store: createS3Store({ client: clients.s3, bucket, bucketOwner }),
    async close() {
      clients.close();
      await local?.close();
    },
  };
}

async function startLocal(root: string, distDir: string) {
  const { startLocalAws } = await import('../local/index.ts');
  return await startLocalAws({
    stateDir: path.join(root, '.lumo', 'local'),
    runtimeClient: path.join(distDir, 'ric', 'index.mjs'),
  });
}

/** As the main step opened it. */
export function environmentOf({
  project,
  environment,
  owner,
  run,
  actor,
  deployment,
}: EnvironmentPlace): Pick<EnvironmentOptions, 'keys' | 'owner' | 'run' | 'actor' | 'deployment'> {
  return { keys: stateKeys(project, environment), owner, run, actor, deployment };
}
