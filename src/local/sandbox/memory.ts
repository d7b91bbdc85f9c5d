import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const KIB = 1024;

/** Resident bytes of all processes of a group; 0 when it is gone. */
export async function residentBytes(group: number): Promise<number> {
  return process.platform === 'linux' ? residentByProc(group) : residentByPs(group);
}

/** The group is the third field of `/proc/<pid>/stat` behind the parenthesised name. */
function residentByProc(group: number): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readProc(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) === group) bytes += statusBytes(pid, 'VmRSS');
  }
  return bytes;
}

/** Highest resident size the process ever had, where the system tells. */
export function peakBytes(pid: number): number {
  return process.platform === 'linux' ? statusBytes(pid, 'VmHWM') : 0;
}

function statusBytes(pid: number | string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readProc(`/proc/${pid}/status`));
  return Number(match?.[1] ?? 0) * KIB;
}

/** Empty for a process that ended in between. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

async function residentByPs(group: number): Promise<number> {
  const stdout = await listSizes();
  const sizes = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return sizes.reduce((sum, [pgid, kib = 0]) => (pgid === group ? sum + kib * KIB : sum), 0);
}

/** Empty when no process can be started just then: the next poll makes up for it. */
async function listSizes(): Promise<string> {
  try {
    return (await promisify(execFile)('ps', ['-A', '-o', 'pgid=,rss='])).stdout;
  } catch {
    return '';
  }
}
