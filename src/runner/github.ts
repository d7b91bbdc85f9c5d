import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type * as core from '@actions/core';
import type { ErrorLocation } from '../errors.ts';
import { annotationText, logLine } from '../report/escape.ts';
import { createMask } from './mask.ts';
import type { Runner } from './types.ts';
import { untrustedLines } from './untrusted.ts';

/** The action on GitHub's runner: `commands` writes to this process's stdout and to the files the runner named. */
export function createGitHubRunner(commands: typeof core, env: NodeJS.ProcessEnv): Runner {
  const mask = createMask();
  const line = (text: string): string => logLine(text, mask.redact);
  return {
    onActions: true,
    info: (text) => commands.info(line(text)),
    warning: (message) => commands.warning(annotationText(message, mask.redact)),
    debug: (text) => commands.debug(line(text)),
    group: (title, body) => commands.group(line(title), body),
    untrusted: (lines) => {
      const safe = untrustedLines(lines, mask.redact);
      if (safe.length === 0) return;
      // In one write, so that no command of ours can get between. The runner masks the token, hence a new one each time.
      const token = randomUUID();
      commands.info([`::stop-commands::${token}`, ...safe, `::${token}::`].join('\n'));
    },
    annotate: ({ level, title, message, location }) => {
      commands[level](annotationText(message, mask.redact), {
        title: line(title),
        ...positionProperties(location, mask.redact),
      });
    },
    mask: (value) => {
      for (const secret of mask.add(value)) commands.setSecret(secret);
    },
    redact: mask.redact,
    saveState: (name, value) => commands.saveState(name, value),
    setOutput: (name, value) => commands.setOutput(name, mask.redact(value)),
    appendSummary: (markdown) => {
      // Written at once and not through the library's buffer: a cancelled step is killed at any moment.
      if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, mask.redact(markdown));
    },
  };
}

/** The runner drops a column without a line, and a line without a file means nothing. */
function positionProperties(
  location: ErrorLocation | undefined,
  redact: (text: string) => string,
): core.AnnotationProperties {
  if (location?.file === undefined) return {};
  const { file, line, column } = location;
  return {
    file: redact(file),
    ...(line === undefined ? {} : { startLine: line }),
    ...(line === undefined || column === undefined ? {} : { startColumn: column }),
  };
}
