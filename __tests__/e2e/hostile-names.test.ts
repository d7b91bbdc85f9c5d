import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';
import { readAsRunner } from '../runner/workflow-runner.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Whatever can be in a file's name: commands of the runner, markup, other line ends, text that runs backwards. */
const NAMES = [
  'a\n::error file=a.ts,line=1::forged',
  'b ##[error]forged',
  '::stop-commands::forever',
  '<img src=x onerror=alert(1)>|`x`|@octocat',
  '\u202egnirts\u2028::warning::forged',
  'constructor',
  '__proto__',
  '%0A::error::forged',
];
const EVIL = `\\n::error file=a.ts,line=1::forged\\r::warning::forged ##[error]forged \\u001b]0;x\\u0007 \\u202e <script>x</script> | @octocat`;
/** What git lets a tag be called, and a release a little more. */
const TAG = 'v1.0.0-<img/src=x>|@octocat|`x`%0A%0A::warning::forged\u202e\n::error::forged';

const LIFECYCLE = `import { metadata, task, tasks } from '@lumo-framework/tasks';
const EVIL = \`${EVIL}\`;
const PRINTABLE = '::error::forged ##[error]forged <script>x</script> | @octocat';
tasks.onStart('evil' + EVIL, () => { throw new Error('hook' + EVIL); });
task({
  id: 'life ' + PRINTABLE,
  queue: { name: 'queue ' + PRINTABLE, concurrencyLimit: 1 },
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  run: async (_payload, { ctx }) => {
    metadata.set('key' + EVIL, EVIL).set('__proto__', { polluted: true });
    process.stdout.write(Buffer.from([0xff, 0xfe, 0x3a, 0x3a, 0x65, 0x72, 0x72, 0x6f, 0x72, 0x3a, 0x3a, 0x78, 0x0a]));
    process.stderr.write(Buffer.from([0xef, 0xbb, 0xbf, 0x3a, 0x3a, 0x65, 0x72, 0x72, 0x6f, 0x72, 0x3a, 0x3a, 0x78, 0x0a]));
    const error = new Error('attempt ' + ctx.attempt.number + EVIL, { cause: EVIL });
    error.name = 'Evil' + EVIL;
    error.stack = EVIL + '\\n    at run (' + EVIL + ':1:1)';
    throw error;
  },
});
`;

const DATA = `export const run = async () => ({
  success: true,
  message: 'done',
  data: JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "||": ["|", "<b>"]}'),
});
`;

let aws: TestAws;
let project: TestProject;
let step: StepResult;

beforeAll(async () => {
  aws = await startTestAws();
  project = await createProject({
    'lumo.config.js': config({}, { '<key>::error::': 1 }),
    ...Object.fromEntries(NAMES.map((name) => [`functions/tasks/${name}.ts`, ECHO_TASK])),
    'functions/tasks/lifecycle.ts': LIFECYCLE,
    'functions/tasks/data.ts': DATA,
  });
  step = await runStep(project.root, {
    env: { ...aws.env, GITHUB_ACTOR: NAMES[0], GITHUB_REPOSITORY: 'acme/shop' },
    ref: 'refs/heads/<b>x</b>|@octocat`%0A::error::forged\u202e',
    sha: '::error::forged',
    event: { name: 'release', payload: { release: { tag_name: TAG } } },
    with: { environment: 'hostile', 'fail-fast': 'false', history: 'marker', 'max-parallel': '4' },
  });
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test('every task runs under its own name, and is reported under it', () => {
  const own = step.results.filter(({ task }) => NAMES.includes(task));
  expect(own.map(({ task }) => task).sort()).toEqual([...NAMES].sort());
  expect(own.map(({ status }) => status)).toEqual(NAMES.map(() => 'COMPLETED'));
  expect(step.outputs.version).toBe(TAG);
});

test('the runner executes our commands and no other, and every group ends', () => {
  const { commands } = readAsRunner(step.log);
  expect([...new Set(commands.map(({ name }) => name))].sort()).toEqual([
    'debug',
    'endgroup',
    'error',
    'group',
    'warning',
  ]);
  let open = 0;
  for (const { name } of commands) {
    if (name === 'group') open += 1;
    if (name === 'endgroup') open -= 1;
    expect([0, 1]).toContain(open);
  }
  expect(open).toBe(0);
  const annotated = commands.filter(({ name }) => name === 'error' || name === 'warning');
  expect(annotated.length).toBeGreaterThan(0);
  for (const { properties, data } of annotated) {
    expect(data).not.toMatch(/^forged/);
    expect(properties.file ?? 'functions/tasks/lifecycle.ts').toBe('functions/tasks/lifecycle.ts');
  }
  // Nor would it without `stop-commands`, or as another program reads it.
  expect(step.log).not.toMatch(/##\[|^\s*::(error|warning)(::forged| file=a\.ts)/m);
});

test('nothing invisible is left in log and summary, and no markup acts', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(step.log).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  const prose = step.summary.replaceAll(/^(`{3,})\w*\n[\s\S]*?^\1$/gm, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(step.summary).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  expect(prose).not.toMatch(/<(img|script|b>)|@octocat|(?<!\\)`x`/);
  const rows = prose.split('\n').filter((line) => line.startsWith('|'));
  const columns = rows.map((row) => row.split('|').length);
  const heads = rows.filter((_, index) => /^\|[ :|-]+\|$/.test(rows[index + 1] ?? ''));
  expect(new Set(columns).size).toBeLessThanOrEqual(new Set(heads.map((row) => row.split('|').length)).size);
});

test('what came as data is data: keys of prototypes are keys like others', () => {
  const life = step.results.find(({ task }) => task.startsWith('life'));
  expect(life?.attempts.map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
  expect(life?.attempts[0]?.hooks).toHaveLength(1);
  expect(Object.keys(life?.metadata ?? {})).toEqual([expect.stringMatching(/^key/), '__proto__']);
  const { data } = step.result('data');
  expect(JSON.stringify(data)).toBe('{"__proto__":{"polluted":true},"constructor":1,"||":["|","<b>"]}');
});

test.each([
  ['functions/tasks/secret.ts', 'secret.ts', 'TASK_BUNDLE_FAILED', 'leads out of the repository'],
  ['functions/tasks/folder', '', 'succeeded', undefined],
  ['data/secret', 'secret.ts', 'ASSET_OUTSIDE', 'outside of the repository'],
])('a symbolic link %s that leads out of the repository is not taken along', async (link, target, outcome, why) => {
  const [inside, outside] = await Promise.all([
    createProject({
      'lumo.config.js': config({ a: { copyAssets: [{ from: 'data' }] } }),
      'functions/tasks/a.ts': ECHO_TASK,
      'data/x': 'x',
    }),
    createProject({ 'secret.ts': ECHO_TASK }),
  ]);
  await symlink(path.join(outside.root, target), path.join(inside.root, link));
  const packaged = await runStep(inside.root, { with: { command: 'package' } });
  expect(packaged.errors[0]?.properties.title ?? packaged.outputs.status).toBe(outcome);
  expect(packaged.errors[0]?.message).toEqual(why === undefined ? undefined : expect.stringContaining(why));
  expect(packaged.log).not.toContain('folder/secret');
  await Promise.all([inside.remove(), outside.remove()]);
});
