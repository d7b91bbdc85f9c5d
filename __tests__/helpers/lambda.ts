import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import type { LocalAws } from '../../src/local/index.ts';
import { compress, writeZip } from '../../src/package/zip.ts';

/** Somebody with the AWS console. */
export interface TestLambda {
  /** Names that start with `prefix`, sorted. */
  functions(prefix: string): Promise<string[]>;
  /** Memory, timeout and variables of `$LATEST`. */
  settings(name: string): Promise<{ memory?: number; timeout?: number; variables?: Record<string, string> }>;
  codeSha256(name: string): Promise<string>;
  /** Published ones, in order. */
  versions(name: string): Promise<string[]>;
  changeSettings(name: string, change: Omit<UpdateFunctionConfigurationCommandInput, 'FunctionName'>): Promise<void>;
  /** With `handler` of this index.mjs. */
  create(name: string, source: string): Promise<void>;
  /** `source`: what is in index.mjs from now on. */
  changeCode(name: string, source: string): Promise<void>;
}

export function openLambda({ endpoint }: Pick<LocalAws, 'endpoint'>): TestLambda {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new LambdaClient({ region: 'eu-central-1', endpoint, credentials });
  const configuration = async (name: string) =>
    (await client.send(new GetFunctionCommand({ FunctionName: name }))).Configuration ?? {};
  const settled = async (name: string): Promise<void> => {
    while ((await configuration(name)).LastUpdateStatus === 'InProgress') await delay(50);
  };
  return {
    async functions(prefix) {
      const { Functions = [] } = await client.send(new ListFunctionsCommand({}));
      return Functions.flatMap(({ FunctionName = '' }) =>
        FunctionName.startsWith(prefix) ? [FunctionName] : [],
      ).sort();
    },
    async settings(name) {
      const { MemorySize: memory, Timeout: timeout, Environment } = await configuration(name);
      return { ...(memory && { memory }), ...(timeout && { timeout }), variables: Environment?.Variables ?? {} };
    },
    async codeSha256(name) {
      return (await configuration(name)).CodeSha256 ?? '';
    },
    async versions(name) {
      const { Versions = [] } = await client.send(new ListVersionsByFunctionCommand({ FunctionName: name }));
      return Versions.map(({ Version = '' }) => Version).filter((version) => version !== '$LATEST');
    },
    async changeSettings(name, change) {
      await client.send(new UpdateFunctionConfigurationCommand({ ...change, FunctionName: name }));
      await settled(name);
    },
    async create(name, source) {
      await client.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/theirs',
          Code: { ZipFile: await zipOf(source) },
        }),
      );
    },
    async changeCode(name, source) {
      await client.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: await zipOf(source) }));
      await settled(name);
    },
  };
}

async function zipOf(source: string): Promise<Buffer> {
  return writeZip([{ name: 'index.mjs', mode: 0o100644, content: await compress(Buffer.from(source)) }]);
}
