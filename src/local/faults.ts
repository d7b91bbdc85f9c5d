import { AwsError } from './aws-error.ts';
import type { Operation } from './http.ts';

/** One thing that goes wrong, so that tests can see what happens then. */
export interface Fault {
  /** AWS's own name, e.g. `Invoke`, `PutObject`. */
  operation: string;
  /** Only for resources that contain this text or match this expression: function name with qualifier, `bucket/key`. */
  resource?: string | RegExp;
  /** How often; once by default. */
  times?: number;
  /** Before the operation takes effect (default), while it runs (only `drop`), or after it took effect. */
  when?: 'before' | 'during' | 'after';
  /**
   * Drop the connection, answer later, answer with an AWS error, let the function that was changed stay Pending or
   * InProgress for longer (`after` only), or deliver the request two times at once.
   */
  effect:
    | 'drop'
    | 'twice'
    | { delayMs: number }
    | { stateMs: number }
    | { status: number; code: string; message: string };
}

/** Asked for each request, in the order of arrival, that no single fault is for. */
export type FaultSource = (operation: Operation) => Fault | undefined;

/** Takes the first fault that applies to `operation`, and counts it. */
export function takeFault(faults: Fault[], operation: Operation): Fault | undefined {
  const index = faults.findIndex((fault) => matches(fault, operation));
  const fault = faults[index];
  if (fault === undefined) return undefined;
  const times = (fault.times ?? 1) - 1;
  if (times > 0) faults[index] = { ...fault, times };
  else faults.splice(index, 1);
  return fault;
}

function matches(fault: Fault, operation: Operation): boolean {
  if (fault.operation !== operation.name) return false;
  if (fault.resource === undefined) return true;
  return typeof fault.resource === 'string'
    ? operation.resource.includes(fault.resource)
    : operation.resource.search(fault.resource) >= 0;
}

/** The error a fault answers with, if it is one of that kind. */
export function faultError(fault: Fault): AwsError | undefined {
  return typeof fault.effect === 'object' && 'status' in fault.effect
    ? new AwsError(fault.effect.status, fault.effect.code, fault.effect.message)
    : undefined;
}
