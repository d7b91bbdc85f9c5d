import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { actionYaml } from '../../scripts/action.ts';
import { INPUTS, OUTPUTS } from '../../src/input-table.ts';
import { reportOutputs } from '../../src/report/outputs.ts';
import { startReport } from '../../src/report/publish.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

test('action.yml is what the input table makes of it', async () => {
  expect(await readFile(path.join(root, 'action.yml'), 'utf8')).toBe(actionYaml());
});

test('action.yml runs the bundle on node24 and describes every input and output', () => {
  const action = parse(actionYaml());
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js', post: 'dist/post.js' });
  expect(Object.keys(action.inputs)).toEqual(Object.keys(INPUTS));
  for (const { description } of [...Object.values(action.inputs), ...Object.values(action.outputs)] as {
    description: string;
  }[]) {
    expect(description.length).toBeGreaterThan(10);
  }
});

test('the outputs that are set are the ones that are described', () => {
  const outputs = reportOutputs(startReport(new Date(0)), '/tmp/results.json');
  expect(Object.keys(outputs).sort()).toEqual(Object.keys(OUTPUTS).sort());
});
