import { ActionError } from '../../src/errors.ts';
import type { PlannedTask, Report } from '../../src/report/types.ts';
import type { Attempt, RunResult } from '../../src/runs/types.ts';

/** A deployment that did nothing yet. */
export function report(overrides: Partial<Report> = {}): Report {
  return {
    command: 'deploy',
    project: 'storefront',
    projectPath: '.',
    environment: 'production',
    region: 'eu-central-1',
    version: '1.4.0',
    history: {
      phase: 'update',
      isFirstDeploy: false,
      previousVersion: '1.3.2',
      source: 'marker',
      explanation: 'The marker records 1.3.2 of 2026-11-20.',
    },
    superseded: undefined,
    status: 'succeeded',
    recorded: true,
    notRecorded: undefined,
    functions: [],
    results: [],
    plan: [],
    preflight: [],
    warnings: [],
    error: undefined,
    startedAt: '2026-11-24T20:00:00.000Z',
    durationMs: 42_300,
    runUrl: 'https://github.com/acme/storefront/actions/runs/7',
    notices: [],
    ...overrides,
  };
}

export function attempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    status: 'COMPLETED',
    requestId: '7d8c1f4e-0000-4000-8000-000000000001',
    startedAt: '2026-11-24T20:00:10.000Z',
    durationMs: 12_300,
    billedMs: 12_301,
    maxMemoryMb: 142,
    ...overrides,
  };
}

export function result(task: string, overrides: Partial<RunResult> = {}): RunResult {
  return {
    task,
    file: `functions/tasks/${task}.ts`,
    status: 'COMPLETED',
    message: 'done',
    attempts: [attempt({ status: overrides.status ?? 'COMPLETED' })],
    startedAt: '2026-11-24T20:00:10.000Z',
    durationMs: 12_300,
    billedMs: 12_301,
    maxMemoryMb: 142,
    function: `storefront--production--${task}`,
    version: '3',
    warnings: [],
    ...overrides,
  };
}

export function skipped(task: string, reason: string): RunResult {
  const { message, ...rest } = result(task);
  return {
    ...rest,
    status: 'SKIPPED',
    reason,
    attempts: [],
    startedAt: null,
    durationMs: 0,
    billedMs: 0,
    version: null,
  };
}

/** How a Lumo task without settings would be run. */
export const LUMO: Pick<
  PlannedTask,
  'dialect' | 'maxAttempts' | 'queue' | 'concurrencyLimit' | 'machine' | 'memoryMb' | 'hooks'
> = {
  dialect: 'lumo',
  maxAttempts: 1,
  queue: 'task/x',
  concurrencyLimit: null,
  machine: null,
  memoryMb: 1024,
  hooks: [],
};

const migrationError = {
  name: 'MigrationError',
  message: '003_orders.sql could not be applied',
  stack: [
    'MigrationError: 003_orders.sql could not be applied',
    '    at applyMigration (functions/lib/migrations.ts:41:11)',
    '    at async run (functions/tasks/run-migrations.ts:12:5)',
  ].join('\n'),
  file: 'functions/lib/migrations.ts',
  line: 41,
  column: 11,
  cause: {
    name: 'error',
    message: 'relation "users" does not exist',
    stack: 'error: relation "users" does not exist\n    at parse (node_modules/pg-protocol/dist/parser.js:285:98)',
    cause: { name: 'Error', message: 'connection terminated' },
  },
};

const slackError = {
  name: 'Error',
  message: 'slack answered 503',
  stack: 'Error: slack answered 503\n    at notify (functions/lib/slack.ts:9:3)',
  file: 'functions/lib/slack.ts',
  line: 9,
  column: 3,
};

const outOfMemory = 'Out of memory: used 2048 of 2048 MB. Give the task a larger machine.';

export function failedMigration(): RunResult {
  return result('run-migrations', {
    status: 'FAILED',
    message: migrationError.message,
    error: migrationError,
    attempts: [attempt({ status: 'FAILED', error: migrationError })],
  });
}

/** One report for each situation people meet; the names are those of the golden files. */
export const SAMPLES: Readonly<Record<string, () => Report>> = {
  success: () =>
    report({
      functions: [
        {
          task: 'run-migrations',
          function: 'storefront--production--run-migrations',
          action: 'update',
          reasons: ['code changed', 'memory 1024 -> 2048'],
          version: '4',
        },
        { task: 'seed-database', function: 'storefront--production--seed-database', action: 'unchanged', reasons: [] },
        { task: 'warm-cache', function: 'storefront--production--warm-cache', action: 'unchanged', reasons: [] },
      ],
      results: [
        result('run-migrations', {
          message: 'Applied 3 migrations',
          data: { migrationsApplied: 3, files: ['001_users.sql', '002_orders.sql', '003_items.sql'] },
        }),
        skipped('seed-database', 'runs on deploy only, this is an update'),
        result('warm-cache', { durationMs: 850, message: 'Cache warm', warnings: ['runs close to its memory limit'] }),
      ],
    }),

  'first-deploy': () =>
    report({
      version: '1.0.0',
      history: {
        phase: 'deploy',
        isFirstDeploy: true,
        previousVersion: undefined,
        source: 'none',
        explanation: 'No marker and no version tag: this environment has never been deployed.',
      },
      functions: [
        {
          task: 'run-migrations',
          function: 'storefront--production--run-migrations',
          action: 'create',
          reasons: ['new'],
          version: '1',
        },
      ],
      results: [result('run-migrations', { durationMs: 245_000, message: 'Applied 12 migrations' })],
      recorded: false,
      notRecorded: 'seed-database and warm-cache have not completed for 1.0.0 yet.',
      notices: ['`bucket: none`: there is no lock, two deployments at once are not kept apart.'],
    }),

  failure: () =>
    report({
      status: 'failed',
      recorded: false,
      notRecorded: 'run-migrations failed.',
      functions: [
        {
          task: 'run-migrations',
          function: 'storefront--production--run-migrations',
          action: 'unchanged',
          reasons: [],
        },
        { task: 'warm-cache', function: 'storefront--production--warm-cache', action: 'unchanged', reasons: [] },
      ],
      results: [failedMigration(), skipped('warm-cache', 'needs run-migrations, which FAILED')],
    }),

  'time-out': () =>
    report({
      status: 'failed',
      recorded: false,
      notRecorded: 'process-assets timed out.',
      results: [
        result('process-assets', {
          status: 'TIMED_OUT',
          durationMs: 300_000,
          message: 'Timed out after 300 s. Raise tasks.process-assets.timeout (at most 900), or do less in one task.',
          attempts: [attempt({ status: 'TIMED_OUT', durationMs: 300_000 })],
        }),
      ],
    }),

  superseded: () =>
    report({
      status: 'superseded',
      recorded: false,
      superseded: {
        by: '1.5.0',
        explanation: 'Newer code is deployed already: 1.5.0 of 2026-11-23T10:00:00.000Z, whose commit b comes after a.',
      },
      notices: ['Newer code is deployed already: 1.5.0 of 2026-11-23T10:00:00.000Z, whose commit b comes after a.'],
      results: [skipped('run-migrations', 'superseded by 1.5.0'), skipped('warm-cache', 'superseded by 1.5.0')],
    }),

  plan: () =>
    report({
      command: 'plan',
      status: 'planned',
      recorded: false,
      durationMs: 2_100,
      functions: [
        {
          task: 'run-migrations',
          function: 'storefront--production--run-migrations',
          action: 'update',
          reasons: ['code changed'],
        },
        { task: 'seed-database', function: 'storefront--production--seed-database', action: 'unchanged', reasons: [] },
        {
          task: 'old-task',
          function: 'storefront--production--old-task',
          action: 'delete',
          reasons: ['no longer in the project'],
        },
      ],
      plan: [
        {
          task: 'run-migrations',
          file: 'functions/tasks/run-migrations.ts',
          function: 'storefront--production--run-migrations',
          action: 'update',
          reasons: ['code changed'],
          run: true,
          reason: 'runs on update',
          dialect: 'lifecycle',
          maxAttempts: 3,
          queue: 'database',
          concurrencyLimit: 1,
          machine: 'small-2x',
          memoryMb: 1769,
          hooks: ['middleware', 'onStart', 'onFailure'],
        },
        {
          task: 'seed-database',
          file: 'functions/tasks/seed-database.ts',
          function: 'storefront--production--seed-database',
          action: 'unchanged',
          reasons: [],
          run: false,
          reason: 'runs on deploy only, which never comes again in this environment',
          ...LUMO,
        },
      ],
      preflight: [
        { name: 'identity', ok: true, message: 'arn:aws:sts::123456789012:assumed-role/deployer/ci' },
        { name: 'permissions', ok: false, message: 'lambda:PublishVersion is missing' },
      ],
    }),

  lifecycle: () =>
    report({
      status: 'failed',
      recorded: false,
      notRecorded: 'still missing: resize-images',
      notices: ['Task sync-search: maxDuration 2 is below 5 seconds, 5 is taken'],
      results: [
        result('sync-search', {
          message: 'completed after 2 attempts',
          data: [1, 2],
          metadata: { progress: 1, indexes: ['products'] },
          machine: 'small-1x',
          memoryMb: 885,
          cpu: 0.5,
          durationMs: 26_900,
          attempts: [
            attempt({
              status: 'FAILED',
              error: { name: 'TypeError', message: 'fetch failed', cause: { name: 'Error', message: 'ECONNRESET' } },
              retryDelayMs: 1_500,
              hooks: [{ hook: 'onStart', scope: 'global', error: slackError }],
            }),
            attempt({ number: 2, hooks: [{ hook: 'onSuccess', scope: 'task', error: slackError }] }),
          ],
        }),
        result('resize-images', {
          status: 'CRASHED',
          message: `${outOfMemory} These hooks did not run: onFailure, cleanup.`,
          error: { name: 'OutOfMemory', message: `${outOfMemory} These hooks did not run: onFailure, cleanup.` },
          warnings: ['attempt 1: These hooks did not run: cleanup.'],
          machine: 'medium-1x',
          memoryMb: 2048,
          cpu: 1.16,
          attempts: [
            attempt({
              status: 'CRASHED',
              error: { name: 'OutOfMemory', message: 'Out of memory: used 885 of 885 MB.' },
              retryDelayMs: 1_000,
            }),
            attempt({
              number: 2,
              status: 'CRASHED',
              memoryMb: 2048,
              error: { name: 'OutOfMemory', message: outOfMemory },
            }),
          ],
        }),
        result('warm-cache', {
          status: 'CANCELED',
          message: 'cancelled while it waited for attempt 2 of 3. These hooks did not run: onComplete.',
          reason: 'cancelled while it waited for attempt 2 of 3',
        }),
      ],
    }),

  'configuration-error': () =>
    report({
      status: 'failed',
      recorded: false,
      history: undefined,
      version: '',
      durationMs: 310,
      error: new ActionError('CONFIG_INVALID', 'lumo.config.js has 3 errors.', {
        advice: 'Correct the keys named above; `docs/errors.md` lists what is allowed.',
        location: { file: 'lumo.config.js' },
        details: [
          {
            message: 'must be a number from 1 to 900, is a string.',
            location: { file: 'lumo.config.js', line: 9, column: 7, key: 'tasks.run-migrations.timeout' },
          },
          {
            message: 'is not known, did you mean `copyAssets`?',
            location: { file: 'lumo.config.js', line: 12, column: 7, key: 'tasks.run-migrations.copyAsset' },
          },
          { message: 'is required.', location: { key: 'projectName' } },
        ],
        cause: new TypeError('invalid configuration'),
      }),
    }),

  '500-tasks': () =>
    report({
      status: 'failed',
      recorded: false,
      notRecorded: 'task-400 failed.',
      results: Array.from({ length: 500 }, (_, index) => {
        const name = `task-${String(index).padStart(3, '0')}`;
        if (index === 400) return { ...failedMigration(), task: name };
        return result(name, { message: `Processed ${index} records. `.repeat(8), data: { rows: 'x'.repeat(400) } });
      }),
      functions: Array.from({ length: 500 }, (_, index) => ({
        task: `task-${index}`,
        function: `storefront--production--task-${index}`,
        action: index % 2 === 0 ? ('create' as const) : ('unchanged' as const),
        reasons: index % 2 === 0 ? ['new'] : [],
      })),
    }),

  hostile: () => hostileReport(HOSTILE),
};

/** What an attacker would put into a name, a message, or data. */
export const HOSTILE = [
  '::set-env name=PATH::/tmp',
  'x ##[add-mask]1 ##\u200b[error]y',
  '<script>alert(1)</script> <img src=x onerror=alert(1)> </td></table></details>',
  '| a | b |',
  '```',
  '````js',
  '@octocat and @acme/team, #1, acme/shop#2, https://evil.example/?a=b www.evil.example me@evil.example',
  '[click](javascript:alert(1)) ![i](https://evil.example/i.png) **bold** _it_ ~~no~~ `code` :tada: $x^2$ [^1]',
  '# heading',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007 \u202egnp.exe',
  '&lt;b&gt; \\| \\` <!-- comment',
].join('\n');

/** Everything in a report that others can write is `text`. */
export function hostileReport(text: string): Report {
  const error = {
    name: text,
    message: text,
    stack: `${text}\n    at ${text} (${text}:1:1)`,
    file: text,
    line: 1,
    cause: { name: text, message: text },
  };
  return report({
    project: text,
    environment: text,
    version: text,
    history: { phase: 'update', isFirstDeploy: false, previousVersion: text, source: 'tag', explanation: text },
    status: 'failed',
    recorded: false,
    notRecorded: text,
    functions: [{ task: text, function: text, action: 'update', reasons: [text], version: text }],
    results: [
      result(text, {
        status: 'FAILED',
        message: text,
        error,
        data: { [text]: text },
        metadata: { [text]: text },
        warnings: [text],
        machine: text,
        memoryMb: 885,
        cpu: 0.5,
        attempts: [1, 2].map((number) => {
          return attempt({ number, status: 'FAILED', error, hooks: [{ hook: text, scope: 'global', error }] });
        }),
      }),
      skipped('skipped', text),
    ],
    plan: [
      {
        task: text,
        file: text,
        function: text,
        action: 'update',
        reasons: [text],
        run: true,
        reason: text,
        dialect: 'lifecycle',
        maxAttempts: 3,
        queue: text,
        concurrencyLimit: 1,
        machine: text,
        memoryMb: 885,
        hooks: [text],
      },
    ],
    preflight: [{ name: text, ok: false, message: text }],
    warnings: [text],
    notices: [text],
    error: new ActionError('AWS_FAILED', text, {
      advice: text,
      location: { file: text, key: text },
      details: [{ message: text, location: { file: text, line: 1, key: text } }],
      cause: new Error(`below ${text}`),
    }),
  });
}
