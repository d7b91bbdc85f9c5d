import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { compress, writeZip } from '../../src/package/zip.ts';
import { ROLE, type TestAws } from './aws.ts';

/** A Lambda of the user's own: nothing of it is ours. `source` is its `index.mjs`, which exports `handler`. */
export async function createLambda(
  { endpoint }: TestAws,
  name: string,
  source: string,
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new LambdaClient({ region: 'eu-central-1', endpoint, credentials });
  try {
    const content = await compress(Buffer.from(source));
    await client.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Role: ROLE,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile: writeZip([{ name: 'index.mjs', mode: 0o100644, content }]) },
        ...settings,
      }),
    );
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 30, minDelay: 1 }, { FunctionName: name });
  } finally {
    client.destroy();
  }
}
