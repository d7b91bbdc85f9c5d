import type { RetryOptions } from '../runtime/protocol.ts';

/** The phase of a deployment: what `runOn` is matched against. */
export type Phase = 'deploy' | 'update';

/** A file or directory that is copied into the task's package: `from` relative to the project, `to` relative to the package root. */
export interface CopyAsset {
  from: string;
  to: string;
}

export interface VpcSettings {
  subnetIds: string[];
  securityGroupIds: string[];
}

/** One task's entry of the configuration with every default filled in (`taskDefaults`, then `tasks.<name>`). */
export interface TaskSettings {
  /** Seconds, 1 to 900: the function's Timeout. */
  timeout: number;
  runOn: Phase[];
  copyAssets: CopyAsset[];
  needs: string[];
  /** MB, 128 to 10240. */
  memory: number;
  /** Environment variables as written in the configuration; the `LUMO_*` ones are added when functions are deployed. */
  env: Record<string, string>;
  nodeModules: string[];
  external: string[];
  vpc: VpcSettings | undefined;
  layers: string[];
  architecture: 'x86_64' | 'arm64';
  /** MB of /tmp, 512 to 10240. */
  ephemeralStorage: number;
  /** ARN of the execution role; `undefined`: the project's. */
  role: string | undefined;
  runtime: string;
  tags: Record<string, string>;
  kmsKeyArn: string | undefined;
  logGroup: string | undefined;
  /** Name or ARN of a Lambda that already exists; such a task is invoked and judged, never packaged or changed. */
  function: string | undefined;
  payload: Record<string, unknown>;
}

/** A machine preset and what it means on Lambda. */
export interface Machine {
  /** Name of the preset, or undefined for a plain amount of memory. */
  name: string | undefined;
  /** vCPU, as Lambda gives them for the memory: memory / 1769. */
  cpu: number;
  /** MB of the function. */
  memory: number;
}

/** How a task is tried again, queued and limited: its code over the configuration over the defaults. */
export interface TaskBehaviour {
  dialect: 'lumo' | 'lifecycle';
  retry: RetryOptions;
  /** The machine for the retry after an attempt ran out of memory. */
  outOfMemoryMachine: Machine | undefined;
  machine: Machine;
  /** `concurrencyLimit` undefined: unlimited. */
  queue: { name: string; concurrencyLimit: number | undefined };
  /** Seconds of compute time, 5 to 870. */
  maxDuration: number | undefined;
  /** Kinds of hooks the task has, its own and global ones, in the order they run: for plan and report. */
  hooks: string[];
  /** What was clamped, or is accepted without effect, in words. */
  notes: string[];
}

export interface ProjectTask {
  name: string;
  /** Path of the task's file relative to the project, with `/`; `undefined` for a task with `function`. */
  file: string | undefined;
  settings: TaskSettings;
  behaviour: TaskBehaviour;
}

/** What is bundled into every task beside its own file. Paths are relative to the project, with `/`. */
export interface Bundling {
  /** `trigger.config.*` beside the configuration, loaded before everything else of the project's. */
  triggerConfig: string | undefined;
  /** `functions/tasks/init.*`, loaded before the task's own file. */
  init: string | undefined;
  /** Packages that only the build of another system uses, as `trigger.config.*` imports them: never bundled. */
  buildOnly: string[];
  /** Task files that use the installed `@lumo-framework/core`, whose secrets are then connected to ours. */
  coreUsers: string[];
  /** `false`: an installed SDK wins over the one of this action. */
  aliasSdk: boolean;
}

/** What was read from `lumo.config.*` and `functions/tasks`. Paths are absolute unless said otherwise. */
export interface Project {
  root: string;
  /** The folder that no asset and no path may leave: workspace, else git top level, else the project. */
  boundary: string;
  configFile: string;
  name: string;
  provider: 'aws' | 'local';
  /** `environment` of the configuration. */
  environment: string | undefined;
  region: string | undefined;
  /** `tasks` role of the configuration (its `roles.tasks`), an ARN. */
  executionRole: string | undefined;
  /** Name of the event bus, `events.eventBus` of the configuration. */
  eventBusName: string | undefined;
  /** Values of `secrets` of the configuration, functions called; only the embedded AWS reads them. Never print them. */
  secrets: Record<string, string>;
  /** In run order before `needs`: as written in the configuration, then by name. */
  tasks: ProjectTask[];
  /** Files under `functions/tasks` that are no tasks, relative to the project. */
  helpers: string[];
  warnings: string[];
  /** Errors in `init` and `onStart` fail the attempt. */
  strictHooks: boolean;
  bundling: Bundling;
}
