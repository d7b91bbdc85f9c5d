import { UNSTOPPED } from '../protocol.ts';
import { runIsolated } from './hooks.ts';
import { settlesWithin } from './host.ts';
import { type AttemptState, Deferred, type Ending } from './state.ts';

/** What is left to a run that is interrupted for reacting to its signal. */
const GRACE_MS = 1000;
/** What the hooks of a cancelled run have. */
const CANCEL_HOOKS_MS = 30_000;

/** What ends an attempt from outside: its `maxDuration`, or somebody who cancels it. The first of the two counts. */
export class Interruption {
  private readonly state: AttemptState;
  private readonly ending = new Deferred<Ending>();
  private executed: Promise<Ending> = this.ending.promise;
  /** The outcome is decided, whatever the task does now. */
  begun = false;
  /** What was interrupted went on after its time to react. */
  isStuck = false;

  constructor(state: AttemptState) {
    this.state = state;
  }

  /** What the attempt comes to: what was executed, or what interrupted it. */
  over(executed: Promise<Ending>): Promise<Ending> {
    this.executed = executed;
    const undisturbed = executed.then((ending) => (this.begun ? this.ending.promise : ending));
    return Promise.race([undisturbed, this.ending.promise]);
  }

  /** No hook runs from now on; what is running may still react to the signal. */
  timeOut(): void {
    if (this.begin()) {
      this.state.ended = true;
      this.afterTimeOut().then(this.ending.resolve, this.ending.reject);
    }
  }

  /** `run` and what follows it go on as long as the hooks for it, and a moment more. */
  cancel(reason = 'Canceled by user'): void {
    if (this.begin()) {
      this.state.cancelReason = reason;
      this.afterCancel(reason).then(this.ending.resolve, this.ending.reject);
    }
  }

  private begin(): boolean {
    const first = !this.begun && !this.state.ended;
    this.begun ||= first;
    return first;
  }

  private async afterTimeOut(): Promise<Ending> {
    const { host, event, abort, current, warnings } = this.state;
    const message = `the attempt exceeded its maxDuration of ${event.maxDuration} s`;
    abort.abort(Object.assign(new Error(message), { name: 'TaskRunExceededMaxDuration' }));
    if (!(await settlesWithin(host, current, GRACE_MS))) {
      this.isStuck = true;
      warnings.add(UNSTOPPED);
    }
    return { status: 'TIMED_OUT', error: { name: 'MAX_DURATION_EXCEEDED', message } };
  }

  private async afterCancel(reason: string): Promise<Ending> {
    const { host, abort, run, warnings } = this.state;
    if (!this.state.reachedRun) {
      run.reject(new Error(`run was not started: ${reason}`));
    }
    abort.abort('run cancelled');
    const hooks = runIsolated(this.state, 'onCancel', { runPromise: run.promise });
    if (!(await settlesWithin(host, hooks, CANCEL_HOOKS_MS))) {
      warnings.add(`onCancel had not ended after ${CANCEL_HOOKS_MS / 1000} s`);
    }
    if (!(await settlesWithin(host, this.executed, GRACE_MS))) {
      this.isStuck = true;
      warnings.add(UNSTOPPED);
    }
    this.state.ended = true;
    return { status: 'CANCELED', error: { name: 'TASK_RUN_CANCELLED', message: reason } };
  }
}
