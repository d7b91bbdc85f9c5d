import { COMMANDS, INPUTS } from './input-table.ts';

/** What `--help` prints. */
export function helpText(): string {
  const commands = Object.entries(COMMANDS).map(([name, what]) => `  ${name.padEnd(10)}${what}`);
  const options = Object.entries(INPUTS)
    .filter(([name]) => name !== 'command')
    .map(([name, { description }]) => `  --${name}\n      ${description}`);
  return [
    'lumo-tasks <command> [task ...] [--option value ...]',
    '',
    'Commands',
    ...commands,
    '',
    'Options',
    ...options,
    '  --summary-file\n      Also write the Markdown summary to this file.',
    '  --results-file\n      Write the whole report as JSON to this file.',
    '',
  ].join('\n');
}
