import { type Finding, formatPath } from './check.ts';
import { didYouMean } from './nearest.ts';
import type { ProjectTask } from './types.ts';

/** `needs` that name no task, and circles of tasks that wait for each other. */
export function needsFindings(tasks: readonly ProjectTask[]): Finding[] {
  const needs = new Map(tasks.map((task) => [task.name, task.settings.needs]));
  return [...unknownNeeds(needs), ...cycles(needs)];
}

function unknownNeeds(needs: ReadonlyMap<string, readonly string[]>): Finding[] {
  return [...needs].flatMap(([task, wanted]) =>
    wanted
      .filter((name) => !needs.has(name))
      .map((name) => {
        const path = ['tasks', task, 'needs'];
        const hint = didYouMean(name, needs.keys());
        const message = `${formatPath(path)} names ${JSON.stringify(name)}, which is no task${hint}`;
        return { code: 'CONFIG_INVALID' as const, path, message };
      }),
  );
}

/** Each circle once, as `a -> b -> a`, by walking the graph depth first without recursion. */
function cycles(needs: ReadonlyMap<string, readonly string[]>): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  for (const start of needs.keys()) {
    const trail: { name: string; next: number }[] = done.has(start) ? [] : [{ name: start, next: 0 }];
    for (let here = trail.at(-1); here !== undefined; here = trail.at(-1)) {
      const wanted = needs.get(here.name)?.[here.next++];
      if (wanted === undefined) {
        done.add(here.name);
        trail.pop();
        continue;
      }
      const first = trail.findIndex(({ name }) => name === wanted);
      if (first >= 0) findings.push(cycleFinding([...trail.slice(first).map(({ name }) => name), wanted]));
      else if (!done.has(wanted)) trail.push({ name: wanted, next: 0 });
    }
  }
  return findings;
}

function cycleFinding(circle: readonly string[]): Finding {
  const path = ['tasks', circle[0] ?? '', 'needs'];
  const names = circle.map((name) => (/^[\w./-]+$/.test(name) ? name : JSON.stringify(name)));
  return { code: 'TASK_NEEDS_CYCLE', path, message: `${formatPath(path)} waits for itself: ${names.join(' -> ')}` };
}
