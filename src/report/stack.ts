import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { RunError } from '../runs/types.ts';
import { errorChain } from './error.ts';
import { formatPosition } from './format.ts';

export interface StackOptions {
  /** Name of the bundle at the top of the task's folder. */
  bundleFile: 'index.mjs';
  /** Relative sources of the map are relative to this folder. */
  projectRoot: string;
  /** Positions are reported relative to this folder, and only files in it are the user's own. */
  boundary: string;
  /** Folders whose files are ours (the runtime, the SDK, generated entries): their frames tell the user nothing. */
  ownFolders: readonly string[];
}

/** `file` is relative to the boundary, with `/`; line and column count from 1. */
interface Position {
  file: string;
  line: number;
  column: number;
}

/** A frame of V8: the text before the position, and the position as the engine saw it. */
interface Frame extends Position {
  caller: string;
}

/** https://v8.dev/docs/stack-trace-api: `at caller (file:1:2)`, `at file:1:2`, `at async file:1:2`. */
const FRAME = /^\s+at (?:(.+) \((.+):(\d+):(\d+)\)|(async )?(.+):(\d+):(\d+))$/;
/** Longer lines are no frames; also keeps the pattern above fast on hostile text. */
const MAX_FRAME_LENGTH = 2_000;
/** Lambda's own runtime. */
const LAMBDA_RUNTIME = '/var/runtime';

/**
 * The error with its stack, and the stacks of its causes, in terms of the user's own source, by the bundle's source map
 * (JSON). Its position is the first frame in a file of the user's. Frames of ours, of Lambda's runtime and of Node's
 * inside are dropped.
 */
export function translateStack(error: RunError, map: string, options: StackOptions): RunError {
  const translation = { trace: new TraceMap(map), options, taskRoot: taskRootOf(error, options) };
  return translateError(error, translation);
}

interface Translation {
  trace: TraceMap;
  options: StackOptions;
  /** Folder the task's package was unpacked in, where it ran. */
  taskRoot: string | undefined;
}

function translateError(error: RunError, translation: Translation): RunError {
  const { stack, cause, ...rest } = error;
  const lines = stack?.split('\n').map((line) => translateLine(line, translation));
  const position = lines?.find((line) => line.own !== undefined)?.own;
  const kept = lines?.map(({ text }) => text).filter((text) => text !== undefined);
  return {
    ...rest,
    ...(kept === undefined ? {} : { stack: kept.join('\n') }),
    ...position,
    ...(cause === undefined ? {} : { cause: translateError(cause, translation) }),
  };
}

/** A line as it is shown, `undefined` when it is dropped; `own` when it is a frame in a file of the user's. */
interface TranslatedLine {
  text: string | undefined;
  own?: Position;
}

function translateLine(line: string, { trace, options, taskRoot }: Translation): TranslatedLine {
  const frame = parseFrame(line);
  if (frame === undefined) return { text: line };
  if (/^node:(internal|async_hooks)/.test(frame.file) || isInside(frame.file, LAMBDA_RUNTIME))
    return { text: undefined };
  if (options.ownFolders.some((folder) => isInside(frame.file, folder))) return { text: undefined };
  if (taskRoot === undefined || !isInside(frame.file, taskRoot)) return { text: line };
  const file = path.posix.relative(taskRoot, frame.file);
  if (file !== options.bundleFile) return { text: frameText({ ...frame, file }) };

  const source = originalPositionFor(trace, { line: frame.line, column: frame.column - 1 });
  // Helpers that the bundler put in belong to no file.
  if (source.source === null) return { text: undefined };
  const absolute = path.resolve(options.projectRoot, toPath(source.source));
  if (options.ownFolders.some((folder) => isInside(absolute, folder))) return { text: undefined };
  const position: Position = {
    file: path.relative(options.boundary, absolute).split(path.sep).join('/'),
    line: source.line,
    column: source.column + 1,
  };
  const text = frameText({ ...position, caller: frame.caller });
  return isOwn(position.file) ? { text, own: position } : { text };
}

function parseFrame(line: string): Frame | undefined {
  const match = line.length > MAX_FRAME_LENGTH ? null : FRAME.exec(line);
  if (match === null) return undefined;
  const [, caller, namedFile, namedLine, namedColumn, async, file, number, column] = match;
  return {
    caller: caller ?? async?.trim() ?? '',
    file: toPath(namedFile ?? file ?? ''),
    line: Number(namedLine ?? number),
    column: Number(namedColumn ?? column),
  };
}

function frameText(frame: Frame): string {
  const position = formatPosition(frame) ?? '';
  if (frame.caller === '') return `    at ${position}`;
  return frame.caller === 'async' ? `    at async ${position}` : `    at ${frame.caller} (${position})`;
}

/**
 * The topmost folder with a bundle in any of the stacks: a package that was copied along may have an `index.mjs` too, and
 * so has the runtime client of the embedded AWS.
 */
function taskRootOf(error: RunError, { bundleFile, ownFolders }: StackOptions): string | undefined {
  const folders: string[] = [];
  for (const { stack } of errorChain(error)) {
    for (const line of stack?.split('\n') ?? []) {
      const file = parseFrame(line)?.file;
      if (file === undefined || !file.startsWith('/') || path.posix.basename(file) !== bundleFile) continue;
      const foreign = [LAMBDA_RUNTIME, ...ownFolders].some((folder) => isInside(file, folder));
      if (!foreign && !file.includes('/node_modules/')) folders.push(path.posix.dirname(file));
    }
  }
  return folders.sort((a, b) => a.length - b.length)[0];
}

function isOwn(file: string): boolean {
  return !file.startsWith('../') && !path.isAbsolute(file) && !file.split('/').includes('node_modules');
}

function isInside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Hostile text can look like a URL and be none; then it stays what it is. */
function toPath(file: string): string {
  if (!file.startsWith('file://') || !URL.canParse(file)) return file;
  try {
    return fileURLToPath(file);
  } catch (error) {
    if (error instanceof TypeError || error instanceof URIError) return file;
    throw error;
  }
}
