import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';
import { readAsRunner } from '../runner/workflow-runner.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const TOKEN = 's3cr3t/value+of the token';
const KEY = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo7\n-----END KEY-----';

const COMMANDS = `export const run = async () => {
  console.log('::set-env name=PATH::/evil');
  console.log('  ::add-mask::production');
  console.log('##[error]not mine');
  console.log('text ##[set-output name=x]y');
  console.log('\\u001b[31mred\\u001b[0m \\u001b]0;title\\u0007after');
  process.stdout.write('::stop-commands::x\\n::x::\\n');
  console.error('two\\r\\n::warning::lines\\r::notice::cr');
  return {
    success: false,
    message: '<script>alert(1)</script> | **bold** @octocat\\n::error file=a.ts,line=1::forged',
    data: { '<b>key</b>': '\`\`\`\\n</details># heading' },
  };
};
`;

const SECRETS = `export const run = async () => {
  const { TOKEN = '', KEY = '' } = process.env;
  console.log(TOKEN, encodeURIComponent(TOKEN), JSON.stringify({ KEY }));
  console.log(KEY);
  for (const half of [TOKEN.slice(0, 9), TOKEN.slice(9)]) process.stdout.write(half);
  return { success: true, message: \`token \${TOKEN}\`, data: { TOKEN, [TOKEN]: [KEY] } };
};
`;

const THROWS = `export const run = async () => {
  throw new Error(\`cannot log in with \${process.env.TOKEN}\`, { cause: new Error(\`refused: \${process.env.KEY}\`) });
};
`;

const FLOOD = `export const run = async () => {
  const block = ('x'.repeat(999) + '\\n').repeat(1000);
  for (let count = 0; count < 100; count += 1) process.stdout.write(block);
  console.log('y'.repeat(1_000_000));
  console.log('the last line');
  return { success: true, message: 'done' };
};
`;

let aws: TestAws;
let project: TestProject;
let step: StepResult;

beforeAll(async () => {
  aws = await startTestAws();
  const env = { TOKEN, KEY, FLAG: 'true', PLACE: 'production' };
  project = await createProject({
    'lumo.config.js': config({ commands: {}, secrets: { env }, throws: { env }, flood: { memory: 2048 } }),
    'functions/tasks/commands.ts': COMMANDS,
    'functions/tasks/secrets.ts': SECRETS,
    'functions/tasks/throws.ts': THROWS,
    'functions/tasks/flood.ts': FLOOD,
  });
  step = await runStep(project.root, { env: aws.env, with: { environment: 'hostile', 'fail-fast': 'false' } });
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test('no workflow command of a task is executed, in its output or in its message', () => {
  const allowed = new Set(['group', 'endgroup', 'debug', 'add-mask', 'warning', 'error']);
  const executed = readAsRunner(step.log).commands.map(({ name }) => name);
  expect(executed.filter((name) => !allowed.has(name))).toEqual([]);
  // Also for a runner that does not know `stop-commands`: nothing looks like a command in the first place.
  expect(step.log).not.toMatch(/##\[|^\s*::(set-env|add-mask::production|notice|warning::lines|x::)/m);
  expect(step.log).toMatch(/^: :set-env name=PATH::\/evil$/m);
  expect(step.log).toMatch(/^## \[error\]not mine$/m);
  expect(step.log).toMatch(/^two\n: :warning::lines\n: :notice::cr$/m);
  const forged = step.errors.filter(({ properties }) => properties.file === 'a.ts');
  expect(forged).toEqual([]);
});

test('colours and other escape sequences are gone', () => {
  expect(step.log).toMatch(/^red after$/m);
  expect(`${step.log}${step.summary}`).not.toContain('\u001b');
});

test('markup of others is shown as text in the summary', () => {
  const prose = step.summary.replaceAll(/^(`{3,})json\n[\s\S]*?^\1$/gm, '');
  expect(prose).not.toMatch(/<script|<b>key|\*\*bold\*\*/);
  expect(step.summary).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &#124; &#42;&#42;bold&#42;&#42;');
  expect(step.summary).toMatch(/````+json\n[\s\S]*<\/details># heading/);
  expect(step.result('commands')).toMatchObject({
    status: 'FAILED',
    message: '<script>alert(1)</script> | **bold** @octocat\n::error file=a.ts,line=1::forged',
    data: { '<b>key</b>': '```\n</details># heading' },
  });
});

test('values of the configured environment are masked wherever they appear', () => {
  const outputs = JSON.stringify(step.outputs);
  const log = step.log.replaceAll(/^::add-mask::.*$/gm, '');
  for (const text of [log, step.summary, outputs]) {
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain(encodeURIComponent(TOKEN));
    expect(text).not.toMatch(/MIIEvQIBADANBgkqhkiG9w0|BAQEFAASCBKcwggSjAgEAAo7/);
  }
  expect(step.log).toContain(`::add-mask::${TOKEN}`);
  expect(step.result('secrets')).toMatchObject({ message: 'token ***', data: { TOKEN: '***', '***': ['***'] } });
  expect(step.result('throws').error).toMatchObject({
    message: 'cannot log in with ***',
    file: 'functions/tasks/throws.ts',
    line: 2,
    cause: { message: 'refused: ***' },
  });
  // What is no secret stays readable.
  expect(step.log).toContain('Deployment of shop');
  expect(step.outputs['is-first-deploy']).toBe('true');
});

test('of 100 MB of output the end is kept, with a count of what was left out', () => {
  expect(step.result('flood').status).toBe('COMPLETED');
  expect(step.log.length).toBeLessThan(2_000_000);
  expect(step.log).toMatch(/^… 99,\d{3} earlier lines left out$/m);
  expect(step.log).toMatch(/^y{1000,}… \([\d,.]+ \S+.*\)$/m);
  expect(step.log.match(/^the last line$/gm)).toHaveLength(1);
});
