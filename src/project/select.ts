import { ActionError } from '../errors.ts';
import { didYouMean } from './nearest.ts';
import type { ProjectTask } from './types.ts';

/**
 * The tasks that `patterns` names, in the order they came: names or globs (`*` and `?` within a path segment, `**` over
 * several), separated by commas or line breaks; nothing but blanks means all. Throws `TASK_UNKNOWN` with the nearest
 * names for each pattern that matches nothing.
 */
export function selectTasks(tasks: readonly ProjectTask[], patterns: string): ProjectTask[] {
  const wanted = patterns
    .split(/[,\r\n]/)
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
  if (wanted.length === 0) return [...tasks];
  const names = tasks.map((task) => task.name);
  const unknown = wanted.filter((pattern) => !names.some((name) => matchesPattern(name, pattern)));
  if (unknown.length === 0) {
    return tasks.filter((task) => wanted.some((pattern) => matchesPattern(task.name, pattern)));
  }
  const messages = unknown.map((pattern) => `No task matches ${JSON.stringify(pattern)}${didYouMean(pattern, names)}`);
  const message =
    messages.length === 1 ? `${messages[0]}` : `${messages.length} names in the input tasks match no task`;
  throw new ActionError('TASK_UNKNOWN', message, {
    advice: `Correct the input tasks; the tasks of the project are: ${names.map((name) => JSON.stringify(name)).join(', ')}`,
    details: messages.map((message) => ({ message })),
  });
}

type Token = { kind: 'literal'; text: string } | { kind: '?' | '*' | '**' | '**/' };

/** Whether a task's name is meant by a name or glob. Takes time in proportion to both lengths, whatever the pattern. */
export function matchesPattern(name: string, pattern: string): boolean {
  if (name === pattern) return true;
  let reached = new Set([0]);
  for (const token of tokens(pattern)) reached = advance(name, reached, token);
  return reached.has(name.length);
}

function tokens(pattern: string): Token[] {
  return [...pattern.matchAll(/(?<=^|\/)\*\*+\/|\*\*+|[*?]|[^*?]+/gu)].map(([found]): Token => {
    if (found === '*' || found === '?') return { kind: found };
    if (found.startsWith('**')) return { kind: found.endsWith('/') ? '**/' : '**' };
    return { kind: 'literal', text: found };
  });
}

/** Offsets in `name` that can be reached from those `from` by consuming what the token stands for. */
function advance(name: string, from: ReadonlySet<number>, token: Token): Set<number> {
  const reached = new Set<number>();
  if (token.kind === 'literal') {
    for (const at of from) if (name.startsWith(token.text, at)) reached.add(at + token.text.length);
    return reached;
  }
  if (token.kind === '?') {
    for (const at of from) {
      const character = name.codePointAt(at);
      if (character !== undefined && name[at] !== '/') reached.add(at + (character > 0xffff ? 2 : 1));
    }
    return reached;
  }
  let open = false;
  for (let at = 0; at <= name.length; at++) {
    if (token.kind === '*' && at > 0 && name[at - 1] === '/') open = false;
    if (from.has(at)) open = true;
    if (open && (token.kind !== '**/' || from.has(at) || name[at - 1] === '/')) reached.add(at);
  }
  return reached;
}
