import { ABORT, COMPLETE, OUT_OF_MEMORY } from '../../runtime/errors.ts';

/** Ends the run: it fails without another attempt, and `catchError` is not asked. */
export class AbortTaskRunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = ABORT;
  }
}

/** Says that memory ran out: the task is tried again only on the machine of `retry.outOfMemory`. */
export class OutOfMemoryError extends Error {
  constructor() {
    super('the task ran out of memory');
    this.name = OUT_OF_MEMORY;
  }
}

/** Thrown in `run`, it is a success with this output. */
export class CompleteTaskWithOutput extends Error {
  readonly output: unknown;

  constructor(output?: unknown) {
    super('the task is complete');
    this.name = COMPLETE;
    this.output = output;
  }
}
