import type { CompletedTask, Marker, MarkerTask, Progress } from '../../src/state/types.ts';

export const RUN = { id: '41', attempt: 1, url: 'https://github.example/acme/shop/actions/runs/41' };
export const OWNER = { repository: 'acme/shop', path: '.', region: 'eu-central-1' };

export function markerTask(change: Partial<MarkerTask> = {}): MarkerTask {
  return {
    function: 'shop--production--migrate',
    version: '3',
    digest: 'aa',
    codeSha256: 'AA=',
    options: { timeout: 300 },
    status: 'COMPLETED',
    ...change,
  };
}

export function marker(change: Partial<Marker> = {}): Marker {
  return {
    schema: 1,
    ...OWNER,
    project: 'shop',
    environment: 'production',
    version: 'v1.0.0',
    phase: 'deploy',
    commit: 'a'.repeat(40),
    deployedAt: '2026-03-01T10:00:00.000Z',
    actor: 'ada',
    run: RUN,
    generation: 3,
    tasks: { migrate: markerTask() },
    ...change,
  };
}

export function completed(change: Partial<CompletedTask> = {}): CompletedTask {
  return {
    digest: 'aa',
    version: 'v1.0.0',
    run: RUN,
    completedAt: '2026-03-01T10:00:00.000Z',
    runOn: ['deploy', 'update'],
    function: 'shop--production--migrate',
    functionVersion: '3',
    codeSha256: 'AA=',
    options: { timeout: 300 },
    ...change,
  };
}

export function progress(change: Partial<Progress> = {}): Progress {
  return {
    schema: 1,
    ...OWNER,
    project: 'shop',
    environment: 'production',
    run: RUN,
    version: 'v1.0.0',
    phase: 'deploy',
    source: 'none',
    completed: {},
    ...change,
  };
}
