import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deployFunctions } from '../../src/functions/deploy.ts';
import { publishWithMemory } from '../../src/functions/machine.ts';
import { planFunctions } from '../../src/functions/plan.ts';
import { task } from './helpers.ts';
import { type Bench, openBench } from './lambda.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const seed = task('seed', { memory: 885 });

async function memoryOf(name: string, qualifier?: string): Promise<number | undefined> {
  const command = new GetFunctionCommand({ FunctionName: name, ...(qualifier && { Qualifier: qualifier }) });
  return (await bench.clients.lambda.send(command)).Configuration?.MemorySize;
}

async function deploySeed() {
  bench.sources.set('seed', 'export const handler = 1');
  const [deployed] = await deployFunctions(bench.options([seed]));
  if (!deployed) throw new Error('nothing deployed');
  return { ...deployed, memory: 885 };
}

test('the version has the memory, the function itself keeps its own, and the next deployment changes nothing', async () => {
  const deployed = await deploySeed();
  bench.operations();
  const version = await publishWithMemory(bench.api, deployed, 8192);
  expect(bench.operations().filter((operation) => operation !== 'GetFunction')).toEqual([
    'UpdateFunctionConfiguration',
    'PublishVersion',
    'UpdateFunctionConfiguration',
  ]);
  expect(version).not.toBe(deployed.version);
  expect(await memoryOf(deployed.function, version)).toBe(8192);
  expect(await memoryOf(deployed.function, deployed.version)).toBe(885);
  expect(await memoryOf(deployed.function)).toBe(885);
  const [planned] = await planFunctions(bench.options([seed]));
  expect(planned?.change).toMatchObject({ action: 'unchanged', version: deployed.version });
});

test('a second time it is the same version', async () => {
  const deployed = await deploySeed();
  const first = await publishWithMemory(bench.api, deployed, 8192);
  expect(await publishWithMemory(bench.api, deployed, 8192)).toBe(first);
});

test('code that is not the deployed one is not published, and the function is put back all the same', async () => {
  const deployed = await deploySeed();
  const other = { ...deployed, codeSha256: `${'A'.repeat(43)}=` };
  await expect(publishWithMemory(bench.api, other, 8192)).rejects.toMatchObject({ code: 'AWS_FAILED' });
  expect(await memoryOf(deployed.function)).toBe(885);
});

test('memory that Lambda refuses changes nothing', async () => {
  const deployed = await deploySeed();
  await expect(publishWithMemory(bench.api, deployed, 20_000)).rejects.toMatchObject({ code: 'AWS_FAILED' });
  expect(await memoryOf(deployed.function)).toBe(885);
});
