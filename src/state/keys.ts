/** Where the state of one environment lies in the bucket. */
export interface StateKeys {
  /** Ends with `/`, so that `pr-1` does not cover `pr-12`. */
  prefix: string;
  marker: string;
  progress: string;
  inventory: string;
  lock: string;
  /** Where its attempts talk with the action; ends with `/`. */
  channels: string;
  /** Key of the audit copy of the marker of that generation. */
  history(generation: number): string;
}

export function stateKeys(project: string, environment: string): StateKeys {
  const prefix = `lumo-tasks/state/${keySegment(project)}/${keySegment(environment)}/`;
  return {
    prefix,
    marker: `${prefix}marker.json`,
    progress: `${prefix}progress.json`,
    inventory: `${prefix}inventory.json`,
    lock: `${prefix}lock.json`,
    channels: channelPrefix(project, environment),
    history: (generation) => `${prefix}history/${generation}.json`,
  };
}

/** Where the attempts of an environment, or of one of its deployments, talk with the action. Ends with `/`. */
export function channelPrefix(project: string, environment: string, deployment?: string): string {
  const segments = [project, environment, ...(deployment === undefined ? [] : [deployment])];
  return `lumo-tasks/runs/${segments.map(keySegment).join('/')}/`;
}

/** The objects of one attempt. */
export interface ChannelKeys {
  claim: string;
  status: string;
  cancel: string;
  result: string;
}

/** `prefix`: of the deployment. `attempt` counts from 1. */
export function channelKeys(prefix: string, task: string, attempt: number): ChannelKeys {
  const folder = `${prefix}${keySegment(task)}/${attempt}/`;
  return {
    claim: `${folder}claim.json`,
    status: `${folder}status.json`,
    cancel: `${folder}cancel.json`,
    result: `${folder}result.json`,
  };
}

/**
 * A name as one segment of a key: `[A-Za-z0-9._-]` stays, every other byte becomes `%XX`, and so do the names `.` and
 * `..`, which clients and proxies would resolve as folders. Different names stay different.
 */
export function keySegment(name: string): string {
  if (name === '.' || name === '..') return name.replaceAll('.', '%2E');
  return name.replace(/[^A-Za-z0-9._-]/gu, percentEncoded);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
