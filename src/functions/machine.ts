import { ActionError } from '../errors.ts';
import type { FunctionsApi } from './api.ts';
import { waitForLatest, waitUntilReady } from './wait.ts';

/** A function as it was deployed. */
export interface DeployedCode {
  function: string;
  codeSha256: string;
  /** MB. */
  memory: number;
}

/**
 * Publishes a version of the function that differs in its memory alone (MB), and answers its number once it can be
 * invoked. A published version keeps what it was made of: the function itself is put back at once, so that the next
 * deployment finds it unchanged. Throws `ACCESS_DENIED`, `AWS_FAILED`, `FUNCTION_BUSY`, among them Lambda's refusal when
 * the code is not the one that was deployed.
 */
export async function publishWithMemory(api: FunctionsApi, deployed: DeployedCode, memory: number): Promise<string> {
  const { function: name, codeSha256 } = deployed;
  const enlarged = await api.updateConfiguration({ FunctionName: name, MemorySize: memory });
  try {
    await waitUntilReady(api, name, enlarged);
    const published = await api.publish(name, codeSha256);
    const version = published.Version ?? '';
    await waitUntilReady(api, name, published, version);
    return version;
  } finally {
    await putBack(api, deployed);
  }
}

/** Where that fails the next deployment does it, as it would after any change by hand. */
async function putBack(api: FunctionsApi, { function: name, memory }: DeployedCode): Promise<void> {
  try {
    await api.updateConfiguration({ FunctionName: name, MemorySize: memory });
    await waitForLatest(api, name);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    api.log.warning(`The memory of ${name} could not be put back to ${memory} MB: ${error.message}`);
  }
}
