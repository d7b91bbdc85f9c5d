import { ActionError } from '../errors.ts';
import { environmentName } from '../inputs.ts';
import { findEsbuild } from '../package/find-esbuild.ts';
import type { Packaging } from '../package/index.ts';
import { relativePosix } from '../package/resolve.ts';
import { type LoadOptions, loadProject, selectTasks } from '../project/index.ts';
import type { Project, ProjectTask } from '../project/types.ts';
import type { Report } from '../report/types.ts';
import { previewEnvironment, type Session } from './session.ts';

/** The project together with what this execution wants of it. */
export interface OpenProject {
  project: Project;
  environment: string;
  /** The tasks that the `tasks` input names, in project order. */
  selected: ProjectTask[];
  packaging: Packaging;
}

export async function openProject(
  session: Session,
  report: Report,
  load: (options: LoadOptions) => Promise<Project> = loadProject,
): Promise<OpenProject> {
  const { inputs, root, boundary, distDir, tempDir, runner: log } = session;
  const asked = inputs.environment ?? previewEnvironment(session.workflow);
  report.environment = asked ?? '';
  const esbuild = await findEsbuild({ distDir, projectRoot: root, log, env: session.env });
  log.debug(`esbuild ${esbuild.version}, ${esbuild.origin}`);
  const project = await load({
    root,
    boundary,
    config: inputs.config,
    environment: asked,
    env: session.env,
    esbuild,
    distDir,
    tempDir,
    log,
    mask: log.mask,
  });
  const environment = asked ?? environmentName(project.environment ?? 'dev');
  report.project = project.name;
  report.projectPath = relativePosix(boundary, root) || '.';
  report.runUrl = session.workflow.run.url;
  report.environment = environment;
  report.warnings.push(...project.warnings);
  for (const warning of project.warnings) log.warning(warning);
  log.info(describeProject(project, environment));
  const selected = selectTasks(project.tasks, inputs.tasks);
  report.notices.push(...noticesOf(selected));
  if (project.helpers.length > 0) log.info(`No tasks, left alone: ${project.helpers.join(', ')}`);
  return {
    project,
    environment,
    selected,
    packaging: { project, esbuild, distDir, tempDir, log },
  };
}

/** Tasks named in one notice; of more, their number is told. */
const MOST_NAMES = 5;

/** What is noted about tasks, each note once however many tasks it concerns. */
function noticesOf(tasks: readonly ProjectTask[]): string[] {
  const concerned = new Map<string, string[]>();
  for (const { name, behaviour } of tasks) {
    for (const note of behaviour.notes) concerned.set(note, [...(concerned.get(note) ?? []), name]);
  }
  return [...concerned].map(([note, names]) => {
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
    return `Task${names.length === 1 ? '' : 's'} ${names.slice(0, MOST_NAMES).join(', ')}${more}: ${note}`;
  });
}

/** `deploy` on `pull_request_target` would run a stranger's code with our credentials. */
export function refuseUnsafeEvents(session: Session): void {
  const { eventName } = session.workflow;
  if (eventName === 'pull_request_target') {
    throw new ActionError('EVENT_REFUSED', `\`${session.inputs.command}\` does not run on pull_request_target.`, {
      advice: 'That event runs with the secrets of the base repository; use `on: pull_request` for previews.',
    });
  }
  if ((eventName === 'workflow_run' || eventName === 'merge_group') && session.inputs.environment === undefined) {
    throw new ActionError('ENVIRONMENT_REQUIRED', `On ${eventName} the environment cannot be worked out.`, {
      advice: 'Set the input `environment`.',
      location: { key: 'environment' },
    });
  }
}

function describeProject(project: Project, environment: string): string {
  const count = project.tasks.length;
  return `${project.name} · environment ${environment} · ${count} ${count === 1 ? 'task' : 'tasks'}`;
}
