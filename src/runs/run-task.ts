import { ActionError } from '../errors.ts';
import type { Machine, ProjectTask } from '../project/types.ts';
import { describeError } from '../report/error.ts';
import { cutText } from '../report/escape.ts';
import { formatDuration } from '../report/format.ts';
import { type AttemptOptions, type EndedAttempt, type EventOf, makeAttempt, type Target } from './attempt.ts';
import { type NextAttempt, nextAttempt } from './next-attempt.ts';
import { type Course, type Interruption, runResult, skippedResult } from './result.ts';
import type { Slot } from './slots.ts';
import type { RunResult } from './types.ts';

/** One task of the deployment: what to invoke, or why not. */
export interface PlannedRun {
  task: ProjectTask;
  /** Why the task does not run in this deployment. */
  skip: string | undefined;
  /** Needed unless the run is skipped. */
  target: Target | undefined;
  /** What the attempts receive. */
  event: EventOf;
}

export interface RunTaskOptions extends Omit<AttemptOptions, 'task' | 'target' | 'start' | 'event'> {
  /** Held while an attempt executes, free during a back-off. */
  slot: Slot;
  /** Aborts when no further attempt is to start: by a cancel, as `signal` does, or by an error elsewhere. */
  stop: AbortSignal;
  /** A version of the task's function with the memory of that machine; answers its number. Throws `ActionError`. */
  enlarge(task: string, machine: Machine): Promise<string>;
}

export interface EndedRun {
  result: RunResult;
  /** An error of ours that has nothing to do with the task, a lost lock for example. */
  failure: { error: unknown } | undefined;
}

/** Runs one task to its end, attempt after attempt. Never rejects: what ran is reported whatever happens around it. */
export async function runTask(run: PlannedRun, options: RunTaskOptions): Promise<EndedRun> {
  const { clock } = options;
  const course: Course = {
    startedAt: clock.now(),
    machine: run.task.behaviour.machine,
    ended: [],
    interruption: undefined,
  };
  try {
    await makeAttempts(run, course, options);
  } catch (error) {
    if (course.ended.length === 0) {
      return { result: skippedResult(run, `not started: ${messageOf(error)}`), failure: { error } };
    }
    course.interruption = { note: `It was not tried again: ${messageOf(error)}` };
    return { result: runResult(run, course, clock.now()), failure: { error } };
  }
  return { result: runResult(run, course, clock.now()), failure: undefined };
}

async function makeAttempts(run: PlannedRun, course: Course, options: RunTaskOptions): Promise<void> {
  const { task } = run;
  const { clock, printer } = options;
  const runStartedAt = new Date(course.startedAt).toISOString();
  let target = targetOf(run);
  for (let number = 1; ; number += 1) {
    await printer.info(
      `${task.name} … invoking ${describeTarget(target)}${number > 1 ? `, ${ordinal(number, task)}` : ''}`,
    );
    const start = { number, runStartedAt, machine: course.machine };
    const ended = await makeAttempt({ ...options, task, target, start, event: run.event });
    course.ended.push(onMachine(ended, course.machine, task));
    const next = nextAttempt(ended.verdict, task.behaviour, { number, machine: course.machine }, clock.random);
    await printer.output(groupTitle(task, ended, next), ended.unprinted);
    if (next === undefined) return;

    await printer.info(`${task.name} … ${describeNext(next)}${described(ended)}`);
    options.slot.release();
    const ready = await prepare(next, number + 1, task, options);
    if ('interruption' in ready) {
      course.interruption = ready.interruption;
      return;
    }
    ended.attempt.retryDelayMs = next.delayMs;
    if (next.machine !== undefined) {
      course.machine = next.machine;
      target = { ...target, qualifier: ready.version };
    }
  }
}

/** Waits for the next attempt. `version`: the one to invoke from now on, when it runs on another machine. */
async function prepare(
  { delayMs, machine }: NextAttempt,
  number: number,
  task: ProjectTask,
  { clock, enlarge, signal, slot, stop }: RunTaskOptions,
): Promise<{ version: string | undefined } | { interruption: Interruption }> {
  try {
    await clock.sleep(delayMs, stop);
    const version = machine && (await enlarge(task.name, machine));
    await slot.regain(stop);
    return { version };
  } catch (error) {
    if (signal.aborted) {
      return { interruption: { cancelled: `cancelled while it waited for ${ordinal(number, task)}` } };
    }
    if (stop.aborted) {
      return { interruption: { note: 'It was not tried again: the deployment was stopped by an error.' } };
    }
    if (machine === undefined || !(error instanceof ActionError)) throw error;
    const note = `It could not be tried again on ${describeMachine(machine)}: ${error.message} ${error.advice}`;
    return { interruption: { note } };
  }
}

function targetOf({ task, target }: PlannedRun): Target {
  if (target !== undefined) return target;
  throw new ActionError('INTERNAL', `Task ${task.name} has no function to invoke.`, {
    advice: 'This is a defect of the action: please report it.',
  });
}

function onMachine(ended: EndedAttempt, machine: Machine, task: ProjectTask): EndedAttempt {
  if (machine !== task.behaviour.machine) ended.attempt.memoryMb = machine.memory;
  return ended;
}

function groupTitle(task: ProjectTask, { attempt }: EndedAttempt, next: NextAttempt | undefined): string {
  const which = attempt.number > 1 || next !== undefined ? `, ${ordinal(attempt.number, task)}` : '';
  return `${task.name} ${attempt.status} in ${formatDuration(attempt.durationMs)}${which}`;
}

function ordinal(number: number, { behaviour }: ProjectTask): string {
  return `attempt ${number} of ${behaviour.retry.maxAttempts}`;
}

function describeNext({ delayMs, machine }: NextAttempt): string {
  const where = machine === undefined ? '' : ` on ${describeMachine(machine)}`;
  return `next attempt in ${formatDuration(delayMs)}${where}`;
}

function describeMachine({ name, memory }: Machine): string {
  return name === undefined ? `${memory} MB` : `${name} (${memory} MB)`;
}

function describeTarget({ functionName, qualifier }: Target): string {
  return qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
}

function described({ attempt }: EndedAttempt): string {
  const [line = ''] = attempt.error === undefined ? [] : describeError(attempt.error).split('\n', 1);
  return line === '' ? '' : `; ${cutText(line, 200)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
