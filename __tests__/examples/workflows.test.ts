import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  uses?: string;
  id?: string;
  with?: Record<string, unknown>;
}
interface Workflow {
  permissions?: Record<string, string>;
  jobs?: Record<string, { steps: Step[] }>;
}

const action = parse(readFileSync('action.yml', 'utf8')) as Record<'inputs' | 'outputs', Record<string, unknown>>;
const files = ['.github/workflows', 'examples/workflows'].flatMap((folder) =>
  readdirSync(folder).map((name) => path.join(folder, name)),
);
const readme = readFileSync('README.md', 'utf8');

function stepsOf(text: string): Step[] {
  const yaml = parse(text) as Workflow | Step[];
  return Array.isArray(yaml) ? yaml : Object.values(yaml.jobs ?? {}).flatMap((job) => job.steps);
}

const isOurs = ({ uses }: Step) => uses === './' || uses?.startsWith('lumo/tasks-action@');

function unknownInputs(text: string): string[] {
  const given = stepsOf(text)
    .filter(isOurs)
    .flatMap((step) => Object.keys(step.with ?? {}));
  return given.filter((name) => !Object.hasOwn(action.inputs, name));
}

describe.each(files)('%s', (file) => {
  const text = readFileSync(file, 'utf8');

  test('gives the action inputs and reads outputs that it has', () => {
    expect(unknownInputs(text)).toEqual([]);
    const ids = stepsOf(text).flatMap((step) => (isOurs(step) && step.id ? [step.id] : []));
    const read = [...text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)].filter(([, id]) => ids.includes(id ?? ''));
    expect(read.map(([, , output]) => output).filter((output) => !Object.hasOwn(action.outputs, output ?? ''))).toEqual(
      [],
    );
  });

  test('pins every action to a major version and limits its token', () => {
    const used = stepsOf(text).flatMap(({ uses }) => (uses && uses !== './' ? [uses] : []));
    expect(used.filter((name) => !/@v\d+$/.test(name))).toEqual([]);
    const { permissions } = parse(text) as Workflow;
    expect(permissions).toMatchObject({ contents: 'read' });
    expect(
      Object.entries(permissions ?? {}).filter(([name, level]) => level === 'write' && name !== 'id-token'),
    ).toEqual([]);
  });
});

describe('README.md', () => {
  const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? '');

  test('gives the action inputs that it has', () => {
    expect(blocks.flatMap(stepsOf).filter(isOurs).length).toBeGreaterThanOrEqual(3);
    expect(blocks.flatMap(unknownInputs)).toEqual([]);
  });

  test('has the tables of action.yml', async () => {
    await promisify(execFile)(process.execPath, ['scripts/readme.ts', '--check']);
  }, 30_000);

  test('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https:)([^)#]+)\)/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});
