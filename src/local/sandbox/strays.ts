import { readdirSync, readFileSync } from 'node:fs';

/**
 * Ends the processes that a task has moved out of its process group: on Lambda they end with their environment, here
 * they would go on after the deployment. They are known by the environment they inherited; Linux only.
 */
export function killStrays(taskRoot: string): void {
  if (process.platform !== 'linux') return;
  const mark = `LAMBDA_TASK_ROOT=${taskRoot}\0`;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || !environmentOf(pid).includes(mark)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended in between.
    }
  }
}

/** Empty for a process that ended in between, or that belongs to somebody else. */
function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    return '';
  }
}
