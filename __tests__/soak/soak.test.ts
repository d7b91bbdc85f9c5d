import { rm } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { deploymentOf } from '../../scripts/soak/records.ts';
import { soak } from '../../scripts/soak/run.ts';
import { soakTable } from '../../scripts/soak/table.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Seeds with both kinds of interruption among their first deployments. */
test.each([[28], [31]])('a short soak breaks no promise, seed %i', async (seed) => {
  const lines: string[] = [];
  const result = await soak({
    seed,
    deployments: 7,
    parallel: 2,
    environments: 4,
    expected: { channel: false, order: false },
    clockSkewMs: seed % 2 === 0 ? -90_000 : 90_000,
    settle: 'free',
    log: (line) => lines.push(line),
  });
  try {
    const logs = `${lines.join('\n')}\n${result.logsDir}`;
    expect(result.violations, logs).toEqual([]);
    const deployments = result.records.flatMap((record) => record.deployments);
    expect(deployments.length).toBeGreaterThan(7);
    expect(deployments.filter(({ outputs }) => outputs.status === 'succeeded').length).toBeGreaterThan(0);
    const entries = result.records.flatMap((record) => record.entries);
    expect(entries.length).toBeGreaterThan(7);
    expect(entries.filter((entry) => !deploymentOf(entry, deployments))).toEqual([]);
    expect([...result.faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
    expect(soakTable(result)).toContain(`| deployments | ${deployments.length} |`);
  } finally {
    if (result.violations.length === 0) await rm(result.logsDir, { recursive: true, force: true });
  }
});
