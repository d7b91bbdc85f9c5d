import { describeLocation } from '../report/error.ts';
import { annotationText, logLine } from '../report/escape.ts';
import { createMask } from './mask.ts';
import type { Annotation, Runner } from './types.ts';
import { untrustedLines } from './untrusted.ts';

/** What a terminal is written to; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** SGR codes: https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
const STYLES = { bold: 1, dim: 2, red: 31, yellow: 33, blue: 34 } as const;
type Style = keyof typeof STYLES;

const LEVEL_STYLES = { error: 'red', warning: 'yellow', notice: 'blue' } as const satisfies Record<
  Annotation['level'],
  Style
>;

/** The command line: text for people, groups are indented, no workflow commands, no outputs and no job summary. */
export function createTerminalRunner(env: NodeJS.ProcessEnv, output: Output): Runner {
  const mask = createMask();
  const style = createStyle(env, output);
  const groups = { depth: 0 };
  const line = (text: string): string => logLine(text, mask.redact);
  const print = (text: string): void => {
    output.write(`${'  '.repeat(groups.depth)}${text}`.trimEnd().concat('\n'));
  };
  const printMessage = (level: Annotation['level'], message: string): void => {
    const [first, ...rest] = annotationText(message, mask.redact).split('\n');
    print(`${style(LEVEL_STYLES[level], `${level}:`)} ${first}`);
    for (const more of rest) print(`  ${more}`);
  };
  return {
    onActions: false,
    info: (text) => print(line(text)),
    warning: (message) => printMessage('warning', message),
    debug: (text) => {
      if (env.RUNNER_DEBUG === '1') print(style('dim', line(text)));
    },
    group: async (title, body) => {
      print(style('bold', line(title)));
      groups.depth += 1;
      try {
        return await body();
      } finally {
        groups.depth -= 1;
      }
    },
    untrusted: (lines) => {
      for (const safe of untrustedLines(lines, mask.redact)) print(`${style('dim', '│')} ${safe}`);
    },
    annotate: ({ level, title, message, location }) => {
      const where = describeLocation(location);
      printMessage(level, `${title}\n${message}${where === undefined ? '' : `\nat ${where}`}`);
    },
    mask: (value) => {
      mask.add(value);
    },
    redact: mask.redact,
    saveState: () => {},
    setOutput: () => {},
    appendSummary: () => {},
  };
}

/** Colours on a terminal only, and not when `NO_COLOR` (https://no-color.org) is set to something. */
function createStyle(env: NodeJS.ProcessEnv, output: Output): (style: Style, text: string) => string {
  const coloured = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return (style, text) => (coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
}
