/** A command as GitHub's runner would execute it. */
export interface ExecutedCommand {
  name: string;
  properties: Record<string, string>;
  data: string;
}

export interface RunnerLog {
  commands: ExecutedCommand[];
  /** The other lines, as they end up in the log. */
  lines: string[];
}

const REGISTERED = new Set([
  ...['add-mask', 'debug', 'notice', 'warning', 'error', 'group', 'endgroup', 'echo', 'add-matcher', 'remove-matcher'],
  ...['stop-commands', 'set-output', 'save-state', 'set-env', 'add-path'],
]);

/** Reads a step's stdout by the rules of GitHub's runner (ActionCommand.cs, ActionCommandManager.cs). */
export function readAsRunner(stdout: string): RunnerLog {
  const log: RunnerLog = { commands: [], lines: [] };
  let stopToken: string | undefined;
  for (const line of stdout.split(/\r\n|\n|\r/)) {
    const command = parse(line, stopToken);
    if (command === undefined) log.lines.push(line);
    else if (stopToken !== undefined) {
      if (command.name === stopToken) stopToken = undefined;
      else log.lines.push(line);
    } else if (command.name === 'stop-commands') stopToken = command.data;
    else log.commands.push(command);
  }
  if (stopToken !== undefined) throw new Error('commands were never resumed');
  return log;
}

function parse(line: string, stopToken: string | undefined): ExecutedCommand | undefined {
  const seen = line.replace(/\p{DI}/gu, '');
  const current = /^\s*::([^\s:]*)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(seen);
  const legacy = /##\[([^\s\]]*)(?: ([^\]]*))?\](.*)$/s.exec(seen);
  const match = current ?? legacy;
  const name = match?.[1] ?? '';
  if (match === null || !(REGISTERED.has(name) || name === stopToken)) return undefined;
  const pairs = (match[2] ?? '').split(',').filter(Boolean);
  const properties = Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
  return {
    name,
    properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, decode(value)])),
    data: decode(match[3] ?? ''),
  };
}

function decode(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
