/** Marks a value that JSON drops or changes on its way from the process that loads a file to the one that checks it. */
const TAG = 'lumo:value';

/** Plain data as JSON would have it, in which `reviveValue` finds also what JSON cannot hold. Throws for circles. */
export function writableValues(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each) => (isLost(each) ? { [TAG]: [typeof each, String(each)] } : each)),
  );
}

function isLost(value: unknown): boolean {
  return (
    ['bigint', 'function', 'symbol'].includes(typeof value) || (typeof value === 'number' && !Number.isFinite(value))
  );
}

/** For `JSON.parse`: numbers as they were written; of anything else its type, which is enough to say what is wrong. */
export function reviveValue(_key: string, value: unknown): unknown {
  const [type, text] = tagged(value);
  switch (type) {
    case 'number':
      return Number(text);
    case 'bigint':
      return 0n;
    case 'symbol':
      return Symbol();
    case 'function':
      return () => undefined;
    default:
      return value;
  }
}

function tagged(value: unknown): unknown[] {
  const tag: unknown = typeof value === 'object' && value !== null && TAG in value ? value[TAG] : undefined;
  return Array.isArray(tag) ? tag : [];
}
