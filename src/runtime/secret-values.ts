/** Shorter values are not redacted: they would turn ordinary text into asterisks. */
const SHORTEST_SECRET = 8;
const REDACTED = '***';

/**
 * The texts that are redacted, shared by every copy of this module in one process: the runtime and the SDK are
 * bundled apart, and a task's bundle holds both.
 */
const SLOT = Symbol.for('@lumo-framework/tasks:secret-values');

function secretTexts(): Set<string> {
  const holder = globalThis as { [SLOT]?: Set<string> };
  holder[SLOT] ??= new Set();
  return holder[SLOT];
}

/** From now on `value`, each of its lines and its usual encodings are redacted in everything that leaves the task. */
export function registerSecret(value: string): void {
  const texts = secretTexts();
  for (const text of [value, ...value.split(/\r\n|\n|\r/).map((line) => line.trim())]) {
    if (text.length < SHORTEST_SECRET) {
      continue;
    }
    texts.add(text);
    texts.add(JSON.stringify(text).slice(1, -1));
    texts.add(encodeURIComponent(Buffer.from(text).toString()));
  }
}

/** `text` without the registered secrets; the longest goes first, so that none is left half visible. */
export function redact(text: string): string {
  const found = [...secretTexts()].filter((secret) => text.includes(secret));
  found.sort((a, b) => b.length - a.length);
  return found.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
}

/** A JSON value with every string, key and number in it redacted; the same value when there is nothing to hide. */
export function redactJson(value: unknown): unknown {
  return secretTexts().size === 0 ? value : redactValue(value);
}

function redactValue(value: unknown): unknown {
  if (typeof value === 'string') {
    return redact(value);
  }
  if (typeof value === 'number') {
    const text = String(value);
    const redacted = redact(text);
    return redacted === text ? value : redacted;
  }
  if (Array.isArray(value)) {
    return value.map(redactValue);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [redact(key), redactValue(member)]));
  }
  return value;
}
