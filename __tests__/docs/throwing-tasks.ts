/** A task that throws in one place and notes in a journal whatever of it runs, for one row of the table in `docs/tasks.md`. */
export interface ThrowingTask {
  /** The row it is for: its first cell, without backticks. */
  place: string;
  /** Whose place in the order of hooks it is. */
  kind: string;
  /** Statements at the top of its file. */
  top?: string;
  /** Members of its definition that take the place of the noting ones. */
  own?: string;
  /** Instead of a `task({...})`: what a plain `run` does. */
  plain?: string;
  /** Its entry of the configuration. */
  config?: object;
  strictHooks?: boolean;
  /** It throws in its first attempt only: what the last one does is seen in a copy that is tried once. */
  onlyFirst?: boolean;
  /** Its run waits long enough for `onWait` and `onResume`. */
  waits?: boolean;
  /** Columns that mean nothing for it. */
  without?: readonly string[];
}

const KINDS = ['onStart', 'onStartAttempt', 'onWait', 'onResume', 'onSuccess', 'onFailure', 'onComplete', 'catchError'];

/** Another hook of the kind, registered for all tasks, throws before the task's own. */
const globally = (kind: string, own = ''): ThrowingTask => ({
  place: kind,
  kind,
  top: `tasks.${kind}('first', fail);`,
  own: `${kind}: say('other'), ${own}`,
});

const inRun = (place: string, body: string): ThrowingTask => ({
  place,
  kind: 'run',
  own: `run: async (_, params) => { say('!')(params); ${body} },`,
  without: ['others of its kind'],
});

/** `body`: what the middleware does, with `next`; another one is inside of it or around it. */
const inMiddleware = (place: string, body: string, other: 'inside' | 'around'): ThrowingTask => {
  const throwing = `async (params) => { const { next } = params; ${body} }`;
  const inner = `async (params) => { say('other')(params); await params.next(); }`;
  const outer = `async (params) => { await params.next(); say('other')(params); }`;
  return other === 'inside'
    ? { place, kind: 'middleware', top: `tasks.middleware('first', ${throwing});`, own: `middleware: ${inner},` }
    : { place, kind: 'middleware', top: `tasks.middleware('first', ${outer});`, own: `middleware: ${throwing},` };
};

const ofInit: ThrowingTask = {
  place: 'init',
  kind: 'init',
  // The one of `trigger.config`, which comes first.
  config: { env: { THROW_IN_INIT: '1' } },
  own: `init: say('other'),`,
};

const strict = (task: ThrowingTask): ThrowingTask => ({
  ...task,
  place: `${task.place}, with strictHooks`,
  strictHooks: true,
});

const plain = (place: string, body: string): ThrowingTask => ({
  place: `a plain task, ${place}`,
  kind: 'run',
  plain: body,
  config: { retry: { maxAttempts: 2, minTimeoutInMs: 10 } },
  without: ['others of its kind'],
});

const FOR_EVER = 'await new Promise((resolve) => setTimeout(resolve, 60_000));';
const OVER_DURATION = inRun('maxDuration is over', FOR_EVER);
const LONG_WAIT = 'run: async () => { await wait.for({ seconds: 5.1 }); },';

export const THROWING_TASKS: readonly ThrowingTask[] = [
  {
    place: 'schema',
    kind: 'schema',
    own: `schema: () => { note(id + ' 1 !'); throw new TypeError('refused'); },`,
    without: ['others of its kind'],
  },
  inMiddleware('middleware, before next()', 'fail(params);', 'inside'),
  inMiddleware('middleware, after next()', 'await next(); fail(params);', 'around'),
  inMiddleware('middleware, without next()', `say('!')(params);`, 'inside'),
  inMiddleware('middleware, a second next()', `await next(); say('!')(params); await next();`, 'around'),
  ofInit,
  globally('onStart'),
  strict(ofInit),
  strict({ ...globally('onStart'), onlyFirst: true }),
  globally('onStartAttempt'),
  inRun('run', `throw new Error('thrown');`),
  inRun('run, an AbortTaskRunError', `throw new AbortTaskRunError('enough');`),
  inRun('run, an OutOfMemoryError', 'throw new OutOfMemoryError();'),
  inRun('run, a wait that does not fit', 'await wait.for({ hours: 1 });'),
  inRun('run, its output is not JSON', 'return { big: 1n };'),
  inRun('a callback or promise nobody awaits', `setTimeout(() => { throw new Error('thrown'); }, 10); ${FOR_EVER}`),
  { ...globally('onWait', LONG_WAIT), waits: true },
  { ...globally('onResume', LONG_WAIT), waits: true },
  {
    place: 'catchError',
    kind: 'catchError',
    top: `tasks.catchError('second', say('other'));`,
    own: `run: async () => { throw new Error('asked about'); }, catchError: fail,`,
    without: ['catchError'],
  },
  globally('onSuccess'),
  {
    ...globally('onFailure', `run: async () => { throw new Error('before'); },`),
    without: ['the attempt', 'catchError'],
  },
  globally('onComplete'),
  { place: 'cleanup', kind: 'cleanup', own: 'cleanup: fail,', without: ['others of its kind'] },
  inRun('a promise given to waitUntil', `waitUntil(Promise.reject(new Error('thrown')));`),
  { ...OVER_DURATION, own: `maxDuration: 5, ${OVER_DURATION.own}` },
  { ...inRun("the function's timeout is over", FOR_EVER), config: { timeout: 1 } },
  inRun('process.exit() and crashes', 'process.exit(3);'),
  {
    ...inRun(
      'the memory is used up',
      'for (const all = []; ; ) { all.push(Buffer.alloc(20_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); }',
    ),
    config: { machine: 'micro' },
  },
  plain('success: false', `return { success: false, message: 'no' };`),
  plain('anything but a result', `return 'fine';`),
  plain('an error', `throw new Error('thrown');`),
];

export interface SourceOptions {
  id: string;
  maxAttempts: number;
  /** The file it writes `<id> <attempt> <step>` to; the step `!` is where it throws. */
  journal: string;
}

/** Source of the task's file. */
export function sourceOf({ top = '', own = '', plain }: ThrowingTask, options: SourceOptions): string {
  const { id, maxAttempts, journal } = options;
  const head = `import { appendFileSync } from 'node:fs';
    import { AbortTaskRunError, OutOfMemoryError, schemaTask, tasks, wait, waitUntil } from '@lumo-framework/tasks';
    const id = ${JSON.stringify(id)};
    const note = (text) => appendFileSync(${JSON.stringify(journal)}, text + '\\n');
    const say = (step) => ({ ctx }) => note(id + ' ' + ctx.attempt.number + ' ' + step);
    const fail = (params) => { say('!')(params); throw new Error('thrown'); };
    const around = async (params) => { await params.next(); say('middleware')(params); };
    void [AbortTaskRunError, OutOfMemoryError, schemaTask, tasks, wait, waitUntil, fail, around];
    ${top}`;
  if (plain !== undefined) {
    const register = KINDS.map((kind) => `tasks.${kind}('${kind}', say('${kind}'));`).join(' ');
    return `${head}\n${register} tasks.middleware('middleware', around);
      let attempt;
      tasks.onStartAttempt('attempt', (params) => { attempt = params; });
      export const run = async () => { say('!')(attempt); ${plain} };`;
  }
  const noting = ['init', ...KINDS, 'cleanup'].map((kind) => `${kind}: say('${kind}'),`).join(' ');
  return `${head}
    schemaTask({
      id, schema: (value) => value,
      retry: { maxAttempts: ${maxAttempts}, minTimeoutInMs: 10, randomize: false },
      ${noting} middleware: around, run: async (_, params) => { say('run')(params); },
      ${own}
    });`;
}

/** An `init` for all tasks, which throws where the environment says so. */
export const triggerConfig = (journal: string): string => `import { appendFileSync } from 'node:fs';
  export default { init: ({ ctx }) => {
    if (process.env.THROW_IN_INIT !== '1') return;
    appendFileSync(${JSON.stringify(journal)}, ctx.task.id + ' ' + ctx.attempt.number + ' !\\n');
    throw new Error('thrown');
  } };`;
