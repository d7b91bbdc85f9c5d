import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The file's bytes, or undefined when there is none. */
export async function readIfExists(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces `file` in one step: a reader sees the old bytes or the new ones, never a part. */
export async function writeAtomically(file: string, parts: readonly (Buffer | string)[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx');
  try {
    for (const part of parts) await handle.writeFile(part);
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Names of the entries of `folder` without the temporary ones; none when it does not exist. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => !name.endsWith('.tmp') && !name.endsWith('.lock'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Critical sections take milliseconds: an owner that holds one for this long is gone, whatever its process id says. */
const STALE_LOCK_MS = 10_000;

const queues = new Map<string, Promise<unknown>>();

/** Runs `body` while nobody else, in this process or another one on this machine, runs one for the same `file`. */
export async function withLock<T>(file: string, body: () => Promise<T>): Promise<T> {
  const previous = queues.get(file) ?? Promise.resolve();
  const mine = previous.then(() => withProcessLock(file, body));
  const settled = mine.then(
    () => undefined,
    () => undefined,
  );
  queues.set(file, settled);
  try {
    return await mine;
  } finally {
    if (queues.get(file) === settled) queues.delete(file);
  }
}

/**
 * The lock is a folder that holds one entry named after its owner. Renaming a prepared folder onto it succeeds only
 * when it is missing or empty, and removing a dead owner's entry cannot hit the entry of a live one: no moment in
 * which two processes both believe to have taken it.
 */
async function withProcessLock<T>(file: string, body: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const owner = `${process.pid}-${randomUUID()}`;
  await mkdir(path.dirname(lock), { recursive: true });
  const prepared = `${lock}.${owner}.tmp`;
  await mkdir(path.join(prepared, owner), { recursive: true });
  while (!(await takeLock(prepared, owner, lock))) {
    await removeStaleOwner(lock);
    await delay(2 + Math.random() * 8);
  }
  try {
    return await body();
  } finally {
    await removeEntry(lock, owner);
  }
}

async function takeLock(prepared: string, owner: string, lock: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(path.join(prepared, owner), now, now);
    await rename(prepared, lock);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') return false;
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
}

async function removeStaleOwner(lock: string): Promise<void> {
  for (const owner of await listFolder(lock)) {
    if (!isAlive(Number.parseInt(owner, 10)) || (await ageOf(path.join(lock, owner))) > STALE_LOCK_MS) {
      await removeEntry(lock, owner);
    }
  }
}

async function removeEntry(lock: string, owner: string): Promise<void> {
  await ignoring(['ENOENT'], () => rmdir(path.join(lock, owner)));
  await ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => rmdir(lock));
}

async function ageOf(entry: string): Promise<number> {
  try {
    return Date.now() - (await stat(entry)).mtimeMs;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Removes `file`; fine when it is gone already. */
export async function removeFile(file: string): Promise<void> {
  await ignoring(['ENOENT'], () => unlink(file));
}

async function ignoring(codes: readonly string[], body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!codes.includes(errorCode(error) ?? '')) throw error;
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
