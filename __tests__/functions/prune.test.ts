import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deployFunctions } from '../../src/functions/deploy.ts';
import { deleteFunctions, deleteOldVersions, findDeletable, pruneFunctions } from '../../src/functions/prune.ts';
import { task } from './helpers.ts';
import { type Bench, IDENTITY, openBench } from './lambda.ts';

const SEED = 'shop--dev--seed';
const MIGRATE = 'shop--dev--migrate';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe('prune', () => {
  test('deletes what is recorded and no longer wanted, and is fine with what is gone', async () => {
    await deployFunctions(bench.options([task('seed'), task('migrate')]));
    const recorded = [SEED, MIGRATE, 'shop--dev--long-gone'];
    expect(await findDeletable(bench.api, [SEED, 'shop--dev--long-gone'], IDENTITY, 'because')).toEqual([
      { task: 'seed', function: SEED, action: 'delete', reasons: ['because'] },
    ]);
    expect(await bench.api.get(SEED)).toBeDefined();

    expect(await pruneFunctions(bench.api, recorded, [MIGRATE], IDENTITY)).toEqual([
      { task: 'seed', function: SEED, action: 'delete', reasons: ['its task is no longer in the project'] },
    ]);
    expect(await bench.api.get(SEED)).toBeUndefined();
    expect(await bench.api.get(MIGRATE)).toBeDefined();
    expect(await pruneFunctions(bench.api, recorded, [MIGRATE], IDENTITY)).toEqual([]);
  });

  test('leaves alone what another environment, project or repository owns', async () => {
    await deployFunctions(bench.options([task('seed')]));
    for (const other of [{ environment: 'production' }, { project: 'x' }, { repository: 'o/other' }]) {
      expect(await deleteFunctions(bench.api, [SEED], { ...IDENTITY, ...other }, 'destroyed')).toEqual([]);
    }
    expect(await bench.api.get(SEED)).toBeDefined();
    expect(bench.log.lines.filter((line) => line.startsWith(`${SEED} is left alone`))).toHaveLength(3);
  });

  test('destroying twice is fine, and so is a name given twice', async () => {
    await deployFunctions(bench.options([task('seed')]));
    expect(await deleteFunctions(bench.api, [SEED, SEED], IDENTITY, 'destroyed')).toHaveLength(1);
    expect(await deleteFunctions(bench.api, [SEED, SEED], IDENTITY, 'destroyed')).toEqual([]);
  });
});

describe('old versions', () => {
  async function deployVersions(count: number): Promise<void> {
    for (let memory = 1; memory <= count; memory++) {
      await deployFunctions(bench.options([task('seed', { memory: 128 * memory })]));
    }
  }
  const numbers = async (): Promise<(string | undefined)[]> =>
    (await bench.api.versions(SEED)).map((version) => version.Version);

  test('the newest two stay', async () => {
    await deployVersions(4);
    await deleteOldVersions(bench.api, SEED, ['4']);
    expect(await numbers()).toEqual(['3', '4']);
    await deleteOldVersions(bench.api, SEED, ['4']);
    expect(await numbers()).toEqual(['3', '4']);
  });

  test('and so does the one in use', async () => {
    await deployVersions(4);
    await deleteOldVersions(bench.api, SEED, ['1']);
    expect(await numbers()).toEqual(['1', '3', '4']);
  });

  test('one that cannot be deleted is a warning', async () => {
    await deployVersions(3);
    const effect = { status: 403, code: 'AccessDeniedException', message: 'no' };
    bench.aws.faults.push({ operation: 'DeleteFunction', effect });
    await deleteOldVersions(bench.api, SEED, ['3']);
    expect(await numbers()).toEqual(['1', '2', '3']);
    expect(bench.log.warnings).toEqual([expect.stringContaining('"Action":"lambda:DeleteFunction"')]);
  });
});
