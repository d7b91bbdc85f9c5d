import { isDeepStrictEqual } from 'node:util';
import { isTooDeep, MAX_JSON_DEPTH } from '../json-depth.ts';

/** Bytes as JSON. */
const LIMIT_BYTES = 256 * 1024;

type Step = string | number;
type Change = (old: unknown) => unknown;

/**
 * What a run tells about itself while it works: a JSON object of at most 256 KB. A key that starts with `$.` is a path
 * (`$.counts.rows`, `$.steps[0].name`). A change that makes it too large is refused and reported; values that are no
 * JSON throw a TypeError.
 */
export class Metadata {
  private data: Record<string, unknown> = {};
  private readonly refused: (reason: string) => void;

  constructor(refused: (reason: string) => void) {
    this.refused = refused;
  }

  /** A copy. */
  current(): Record<string, unknown> {
    return structuredClone(this.data);
  }

  get(key: string): unknown {
    return structuredClone(stepsOf(key).reduce(memberOf, this.data));
  }

  set(key: string, value: unknown): void {
    this.change(key, () => jsonOf(value));
  }

  del(key: string): void {
    this.change(key, () => undefined);
  }

  /** Adds to the list at `key`; what is no list yet becomes the first member of one. */
  append(key: string, value: unknown): void {
    this.change(key, (old) => [...(old === undefined ? [] : [old].flat()), jsonOf(value)]);
  }

  /** Takes every member that equals `value` out of the list at `key`. */
  remove(key: string, value: unknown): void {
    const unwanted = jsonOf(value);
    this.change(key, (old) =>
      Array.isArray(old) ? old.filter((member) => !isDeepStrictEqual(member, unwanted)) : old,
    );
  }

  /** Adds to the number at `key`; anything else counts as 0. */
  increment(key: string, by: number): void {
    this.change(key, (old) => (typeof old === 'number' ? old : 0) + by);
  }

  replace(data: Record<string, unknown>): void {
    this.keep(asRecord(jsonOf(data)));
  }

  private change(key: string, change: Change): void {
    const steps = stepsOf(key);
    if (steps.some((step, at) => !isReachable(steps.slice(0, at).reduce(memberOf, this.data), step))) {
      this.refused(`metadata: ${JSON.stringify(key)} leaves a gap in a list`);
      return;
    }
    this.keep(asRecord(changed(this.data, steps, change)));
  }

  private keep(data: Record<string, unknown>): void {
    const json = JSON.stringify(data);
    if (isTooDeep(json)) {
      this.refused(`metadata: a change was refused, it would have made more than ${MAX_JSON_DEPTH} levels`);
      return;
    }
    const bytes = Buffer.byteLength(json);
    if (bytes > LIMIT_BYTES) {
      this.refused(`metadata: a change was refused, it would have made ${bytes} bytes of at most ${LIMIT_BYTES}`);
      return;
    }
    this.data = data;
  }
}

/** `$.a.b[0]["c d"]` is a, b, 0, `c d`; any other key stands for itself. */
function stepsOf(key: string): Step[] {
  if (!key.startsWith('$.')) {
    return [key];
  }
  const found = key.slice(1).matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[(["'])(.*?)\3\]/g);
  return [...found].map(([, name, index, , quoted]) => (index === undefined ? (name ?? quoted ?? '') : Number(index)));
}

function memberOf(container: unknown, step: Step): unknown {
  return typeof container === 'object' && container !== null && Object.hasOwn(container, step)
    ? (container as Record<Step, unknown>)[step]
    : undefined;
}

function isReachable(container: unknown, step: Step): boolean {
  return typeof step === 'string' || step <= (Array.isArray(container) ? container.length : 0);
}

/** A copy of `container` in which what lies at the end of `steps` is changed; `undefined` takes it away. */
function changed(container: unknown, steps: readonly Step[], change: Change): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) {
    return change(container);
  }
  const value = changed(memberOf(container, step), rest, change);
  if (value === undefined && container === undefined) {
    return undefined;
  }
  if (typeof step === 'number') {
    const list = Array.isArray(container) ? container : [];
    return value === undefined ? list.toSpliced(step, 1) : list.toSpliced(step, 1, value);
  }
  // Entries, because assigning to a key of a hostile name (`__proto__`) would do something else.
  const entries = Object.entries(asRecord(container));
  const at = entries.findIndex(([name]) => name === step);
  const replacement: [string, unknown][] = value === undefined ? [] : [[step, value]];
  return Object.fromEntries(entries.toSpliced(at === -1 ? entries.length : at, 1, ...replacement));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function jsonOf(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? 'null');
}
