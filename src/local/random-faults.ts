import type { Fault, FaultSource } from './faults.ts';
import type { Operation } from './http.ts';
import { type Random, seededRandom } from './random.ts';

/** What is alike in what may go wrong with it. */
export type OperationClass = 'invoke' | 'read' | 'change' | 'object';

export type FaultKind =
  /** Answered late. */
  | 'latency'
  /** The connection is cut before the operation took effect, while it runs, or instead of the answer. */
  | 'reset-before'
  | 'reset-during'
  | 'reset-after'
  /** No answer at all, on a connection that stays open. */
  | 'silence'
  /** 429 of Lambda, 503 of S3. */
  | 'throttled'
  /** 500, before the operation or after it took effect. */
  | 'server-error'
  /** 502 or 503 of something on the way. */
  | 'unavailable'
  /** 409: somebody else changes the same thing right now. */
  | 'conflict'
  /** A function stays Pending or InProgress for long. */
  | 'slow-state'
  /** Delivered two times at once; whichever answers first is heard. */
  | 'twice';

/** Probability of each kind per request, by class. A kind that is missing does not happen. */
export type FaultRates = Record<OperationClass, Partial<Record<FaultKind, number>>>;

/** About one request in ten meets something, and each kind is met within a hundred deployments. */
export const DEFAULT_RATES: FaultRates = {
  invoke: {
    latency: 0.05,
    'reset-before': 0.01,
    'reset-during': 0.02,
    'reset-after': 0.02,
    throttled: 0.03,
    'server-error': 0.02,
    unavailable: 0.01,
    conflict: 0.02,
  },
  read: { latency: 0.04, 'reset-before': 0.01, 'reset-after': 0.01, throttled: 0.02, 'server-error': 0.01 },
  change: {
    latency: 0.04,
    'reset-before': 0.01,
    'reset-after': 0.02,
    throttled: 0.02,
    'server-error': 0.02,
    unavailable: 0.01,
    conflict: 0.02,
    'slow-state': 0.05,
  },
  object: {
    latency: 0.04,
    'reset-before': 0.01,
    'reset-after': 0.02,
    throttled: 0.01,
    'server-error': 0.02,
    conflict: 0.02,
  },
};

export interface RandomFaults {
  next: FaultSource;
  /** How often each kind has happened. */
  readonly counts: ReadonlyMap<FaultKind, number>;
}

/**
 * Faults as AWS and the network between may really produce them, for tests. The n-th request of an operation on a
 * resource always meets the same fate under the same seed, whatever happens to other resources meanwhile.
 */
export function randomFaults(seed: number, rates: FaultRates = DEFAULT_RATES): RandomFaults {
  const counts = new Map<FaultKind, number>();
  const seen = new Map<string, number>();
  return {
    counts,
    next(operation) {
      const category = classOf(operation.name);
      if (category === undefined) return undefined;
      const which = `${operation.name} ${operation.resource}`;
      const nth = (seen.get(which) ?? 0) + 1;
      seen.set(which, nth);
      const random = seededRandom(`${seed} ${nth} ${which}`);
      const kind = draw(rates[category], random());
      const fault = kind && faultOf(kind, category, operation, random);
      if (kind && fault) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return fault;
    },
  };
}

function classOf(operation: string): OperationClass | undefined {
  if (operation === 'Invoke') return 'invoke';
  if (/^(Put|Get|Head|Delete)Object$|^ListObjectsV2$/.test(operation)) return 'object';
  if (/^(Create|Update|Publish|Delete|Tag|Untag)(Function|Version|Resource)/.test(operation)) return 'change';
  return /^(Get|List)(Function|Versions|Tags)/.test(operation) ? 'read' : undefined;
}

function draw(rates: Partial<Record<FaultKind, number>>, chance: number): FaultKind | undefined {
  let left = chance;
  for (const [kind, rate] of Object.entries(rates)) {
    left -= rate;
    if (left < 0) return kind as FaultKind;
  }
  return undefined;
}

/** Longer than any client waits. */
const SILENCE_MS = 20 * 60_000;

function faultOf(kind: FaultKind, category: OperationClass, operation: Operation, random: Random): Fault | undefined {
  const { name } = operation;
  const before = (effect: Fault['effect']): Fault => ({ operation: name, when: 'before', effect });
  const after = (effect: Fault['effect']): Fault => ({ operation: name, when: 'after', effect });
  const either = random() < 0.5 ? before : after;
  switch (kind) {
    case 'latency':
      return either({ delayMs: 20 + Math.floor(random() * 280) });
    case 'reset-before':
      return before('drop');
    case 'reset-during':
      return { operation: name, when: 'during', effect: 'drop' };
    case 'reset-after':
      return after('drop');
    case 'silence':
      return after({ delayMs: SILENCE_MS });
    case 'throttled':
      return before(category === 'object' ? SLOW_DOWN : TOO_MANY_REQUESTS);
    case 'server-error':
      return either(category === 'object' ? INTERNAL_ERROR : SERVICE_EXCEPTION);
    case 'unavailable':
      return either(category === 'invoke' ? BAD_GATEWAY : UNAVAILABLE);
    case 'conflict':
      return conflictOf(category, operation, before);
    case 'slow-state':
      return SLOW_STATES.has(name) ? after({ stateMs: 200 + Math.floor(random() * 1300) }) : undefined;
    case 'twice':
      return before('twice');
  }
}

/** S3 answers 409 to conditional writes only. */
function conflictOf(
  category: OperationClass,
  { conditional }: Operation,
  before: (effect: Fault['effect']) => Fault,
): Fault | undefined {
  if (category !== 'object') return before(RESOURCE_CONFLICT);
  return conditional ? before(CONDITIONAL_CONFLICT) : undefined;
}

const SLOW_STATES = new Set(['CreateFunction', 'UpdateFunctionCode', 'UpdateFunctionConfiguration', 'PublishVersion']);

const TOO_MANY_REQUESTS = { status: 429, code: 'TooManyRequestsException', message: 'Rate exceeded' };
const SERVICE_EXCEPTION = { status: 500, code: 'ServiceException', message: 'An internal error occurred.' };
const BAD_GATEWAY = { status: 502, code: 'BadGatewayException', message: 'Bad gateway' };
const UNAVAILABLE = { status: 503, code: 'ServiceUnavailableException', message: 'Service unavailable' };
const RESOURCE_CONFLICT = {
  status: 409,
  code: 'ResourceConflictException',
  message: 'The operation cannot be performed at this time. An update is in progress for resource',
};
const SLOW_DOWN = { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' };
const INTERNAL_ERROR = {
  status: 500,
  code: 'InternalError',
  message: 'We encountered an internal error. Please try again.',
};
const CONDITIONAL_CONFLICT = {
  status: 409,
  code: 'ConditionalRequestConflict',
  message: 'A conflicting conditional operation is currently in progress against this resource. Please try again.',
};
