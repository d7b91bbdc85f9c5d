import { callHook, type HookFault, hooksOf } from './hooks.ts';
import type { AttemptState } from './state.ts';

export class MiddlewareError extends Error {
  constructor(name: 'NextNotCalledError' | 'NextCalledTwiceError', message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * Runs `inside` through all middleware: the first global one is outermost, the task's own innermost. Answers what the
 * outermost of them threw, also when one further out has swallowed it: an error in middleware always fails the attempt.
 */
export async function throughMiddleware(
  state: AttemptState,
  inside: () => Promise<void>,
): Promise<HookFault | undefined> {
  const layers = hooksOf(state, 'middleware');
  let fault: HookFault | undefined;

  const run = async (index: number): Promise<void> => {
    const hook = layers[index];
    if (hook === undefined) {
      return inside();
    }
    const next = new Next(() => run(index + 1).then(() => state.gate()));
    try {
      await callHook(state, hook, { next: () => next.call() });
    } catch (thrown) {
      fault = { scope: hook.scope, thrown };
    }
    const misuse = await next.close();
    if (misuse !== undefined && fault === undefined) {
      fault = { scope: hook.scope, thrown: misuse };
    }
    if (fault !== undefined) {
      throw fault.thrown;
    }
  };

  try {
    await run(0);
  } catch (thrown) {
    return fault ?? { scope: 'global', thrown };
  }
  return undefined;
}

/** `next` of one middleware: runs what is inside once, while the middleware is running. */
class Next {
  private readonly inside: () => Promise<void>;
  private running: Promise<void> | undefined;
  private misuse: MiddlewareError | undefined;

  constructor(inside: () => Promise<void>) {
    this.inside = inside;
  }

  call(): Promise<void> {
    if (this.running === undefined && this.misuse === undefined) {
      this.running = quiet(this.inside());
      return this.running;
    }
    this.misuse ??= new MiddlewareError('NextCalledTwiceError', 'the middleware called next() twice');
    return quiet(Promise.reject(this.misuse));
  }

  /** After the middleware has returned: waits for what it did not, and answers what it did wrong. */
  async close(): Promise<MiddlewareError | undefined> {
    if (this.running === undefined) {
      this.misuse ??= new MiddlewareError(
        'NextNotCalledError',
        'the middleware returned without calling next(), so the task did not run',
      );
    }
    await this.running?.catch(() => undefined);
    return this.misuse;
  }
}

/** The same promise; that nobody awaits its rejection is fine. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
