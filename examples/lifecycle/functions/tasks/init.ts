import { locals, tasks } from '@lumo-framework/tasks';
import { notify } from '../../lib/notify.ts';

// Loaded before every task: these hooks concern all of them, the plain one too.
const StartedAt = locals.create<number>('started-at');

tasks.onStartAttempt('clock', () => {
  locals.set(StartedAt, Date.now());
});

tasks.onSuccess('clock', ({ task }) => {
  console.log(`${task} took ${Date.now() - locals.getOrThrow(StartedAt)} ms`);
});

tasks.onFailure('notify', ({ task, error, ctx }) =>
  notify(`${task} failed in ${ctx.deployment.environment} after ${ctx.attempt.number} attempts: ${error}`),
);
