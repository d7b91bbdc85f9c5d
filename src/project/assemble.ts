import path from 'node:path';
import { ActionError } from '../errors.ts';
import { lumoId } from '../package/entries.ts';
import { exists, relativePosix } from '../package/resolve.ts';
import { type Finding, formatPath, type Spot } from './check.ts';
import { configError } from './config-error.ts';
import type { Discovery } from './discover.ts';
import type { LoadedConfig } from './load.ts';
import { didYouMean } from './nearest.ts';
import { needsFindings } from './needs.ts';
import { resolveTasks } from './resolve-tasks.ts';
import { type ConfigShape, checkConfig } from './schema.ts';
import { envNameFindings, envSizeFinding } from './settings.ts';
import { TASKS_FOLDER } from './task-files.ts';
import type { Project, ProjectTask } from './types.ts';

const NO_TASK = 'exports no "run" and registers no task()';

/** What the configuration says, as far as it is right, and what is not. */
export interface CheckedConfig {
  config: Partial<ConfigShape>;
  findings: Finding[];
}

/** Throws `PROVIDER_UNSUPPORTED`. */
export function readConfig(loaded: LoadedConfig, boundary: string): CheckedConfig {
  refuseProvider(loaded.value, relativePosix(boundary, loaded.file));
  const spot: Spot = { path: [], findings: [] };
  const config = checkConfig(loaded.value, spot) ?? {};
  return { config, findings: spot.findings };
}

/**
 * Configuration and task files as one project. Throws one error with everything that is wrong with the configuration:
 * `CONFIG_INVALID`, or the more telling code that all findings share; `TASKS_NOT_FOUND`.
 */
export async function assemble(
  loaded: LoadedConfig,
  { config, findings: wrong }: CheckedConfig,
  discovery: Discovery,
  { root, boundary }: { root: string; boundary: string },
): Promise<Project> {
  const { tasks, findings: wrongInCode } = resolveTasks(config, discovery, { root, boundary });
  if (tasks.length === 0 && wrong.length === 0) throw noTasks(discovery);
  const findings = [
    ...wrong,
    ...unmatchedEntries(config, discovery),
    ...envFindings(config, tasks, wrong),
    ...needsFindings(tasks),
    ...wrongInCode,
  ];
  if (findings.length > 0) throw configError(findings, relativePosix(boundary, loaded.file), loaded.source);
  return {
    ...projectWithoutTasks(loaded, config, { root, boundary }),
    tasks,
    helpers: discovery.helpers,
    warnings: [...networkWarnings(config, tasks), ...secretWarnings(config, loaded), ...(await buildWarnings(root))],
    bundling: discovery.bundling,
  };
}

/** The project as its configuration alone describes it. */
export function projectWithoutTasks(
  loaded: LoadedConfig,
  config: Partial<ConfigShape>,
  { root, boundary }: { root: string; boundary: string },
): Project {
  return {
    root,
    boundary,
    configFile: loaded.file,
    name: config.projectName ?? '',
    provider: config.provider ?? 'aws',
    environment: config.environment,
    region: config.region,
    executionRole: config.roles?.tasks,
    eventBusName: config.events?.eventBus,
    secrets: loaded.secrets,
    tasks: [],
    helpers: [],
    warnings: [],
    strictHooks: config.strictHooks ?? false,
    bundling: { triggerConfig: undefined, init: undefined, buildOnly: [], coreUsers: [], aliasSdk: true },
  };
}

function refuseProvider(value: unknown, file: string): void {
  const provider = typeof value === 'object' && value !== null && 'provider' in value ? value.provider : undefined;
  if (provider !== 'cloudflare') return;
  throw new ActionError('PROVIDER_UNSUPPORTED', 'The provider is cloudflare; tasks are available for AWS only', {
    advice: 'Use provider: "aws" for the project whose tasks are to run',
    location: { file, key: 'provider' },
  });
}

/** Entries of `tasks` without a file, and those with both a file and a `function`. */
function unmatchedEntries(config: Partial<ConfigShape>, { tasks, helpers }: Discovery): Finding[] {
  const names = tasks.map((task) => task.name);
  return [...(config.tasks ?? [])].flatMap(([name, entry]): Finding[] => {
    const path = ['tasks', name];
    const problem = (message: string): Finding[] => [
      { code: 'CONFIG_INVALID', path, message: `${formatPath(path)} ${message}` },
    ];
    const file = tasks.find((task) => task.name === name)?.file;
    if (entry.function !== undefined) {
      return file === undefined ? [] : problem(`has a "function", and there is ${JSON.stringify(file)} as well`);
    }
    if (file !== undefined) return [];
    const ids = tasks.filter((task) => lumoId(task.file) === name).map((task) => JSON.stringify(task.name));
    if (ids.length > 0) return problem(`is no task: the file of that name registers ${ids.join(', ')}`);
    const helper = helpers.find((each) => lumoId(each) === name);
    if (helper !== undefined) return problem(`is no task: ${JSON.stringify(helper)} ${NO_TASK}`);
    return problem(
      `is no task: no file of that name is below ${TASKS_FOLDER}, and no task() has that id${didYouMean(name, names)}`,
    );
  });
}

function envFindings(
  config: Partial<ConfigShape>,
  tasks: readonly ProjectTask[],
  earlier: readonly Finding[],
): Finding[] {
  const added = {
    LUMO_PROJECT_NAME: config.projectName ?? '',
    LUMO_ENVIRONMENT: config.environment ?? 'dev',
    ...(config.events?.eventBus !== undefined && { EVENT_BUS_NAME: config.events.eventBus }),
  };
  const broken = new Set(earlier.map(({ path }) => formatPath(path)));
  return [
    ...envNameFindings(['taskDefaults'], config.taskDefaults?.env),
    ...[...(config.tasks ?? [])].flatMap(([name, entry]) => envNameFindings(['tasks', name], entry.env)),
    ...tasks
      .filter(({ name, file }) => file !== undefined && !broken.has(formatPath(['tasks', name, 'env'])))
      .flatMap(({ name, settings }) => envSizeFinding(name, settings.env, added)),
  ];
}

function noTasks({ helpers }: Discovery): ActionError {
  const left = helpers.map((file) => `${JSON.stringify(file)} ${NO_TASK}`);
  return new ActionError('TASKS_NOT_FOUND', `There is no task below ${TASKS_FOLDER}`, {
    advice:
      `A task is a file below ${TASKS_FOLDER} that exports a function "run", a task({ id, run }) in such a file, ` +
      'or a configured task with "function"',
    details: left.map((message) => ({ message })),
  });
}

function networkWarnings(config: Partial<ConfigShape>, tasks: readonly ProjectTask[]): string[] {
  if ((config.networking?.natGateways ?? 0) <= 0) return [];
  const decided = (name: string) => (config.tasks?.get(name)?.vpc ?? config.taskDefaults?.vpc) !== undefined;
  const outside = tasks
    .filter(({ name, file }) => file !== undefined && !decided(name))
    .map(({ name }) => JSON.stringify(name));
  if (outside.length === 0) return [];
  return [
    `networking.natGateways is set: Lumo would have placed ${outside.join(', ')} in the VPC it makes. Here a task is in a ` +
      'VPC only with its own "vpc" (or that of taskDefaults); "vpc: false" says that it needs none',
  ];
}

function secretWarnings(config: Partial<ConfigShape>, { secrets }: LoadedConfig): string[] {
  return [...(config.secrets?.keys() ?? [])]
    .filter((name) => !Object.hasOwn(secrets, name))
    .map(
      (name) =>
        `${formatPath(['secrets', name, 'value'])} is a function that threw or answered no string: no value is known here`,
    );
}

/** `lumo build` writes `dist/functions/tasks`, from which `lumo deploy` makes functions that run on every deploy. */
async function buildWarnings(root: string): Promise<string[]> {
  if (!(await exists(path.join(root, 'dist', TASKS_FOLDER)))) return [];
  return [
    `dist/${TASKS_FOLDER} is a build for "lumo deploy", which runs every task itself on each deploy: ` +
      'make sure they do not run twice (README, "With lumo deploy")',
  ];
}
