/**
 * Everything a user can say, in one table: `action.yml`, the README, `--help` and the parser are all made from it.
 * Defaults are the text that arrives when nothing was said; an empty one means "worked out".
 */
export interface InputDefinition {
  default: string;
  /** What, limits, default: one or two sentences for action.yml. */
  description: string;
}

export const COMMANDS = {
  deploy: 'package and deploy the tasks, run those of the phase, record the deployment',
  plan: 'say what `deploy` would do and why, and check identity, role, bucket and permissions; writes nothing',
  package: 'write the zip of every task and a manifest.json into the folder `out`; needs no credentials',
  run: 'run the tasks named in `tasks` as they were last deployed, whatever their `runOn`',
  destroy: 'delete the functions and the stored state of one environment',
  policy: 'print the IAM policies, or the CloudFormation template, that the project needs',
} as const;

export type Command = keyof typeof COMMANDS;

export const INPUTS = {
  command: {
    default: 'deploy',
    description: `What to do: ${Object.keys(COMMANDS)
      .map((name) => `\`${name}\``)
      .join(', ')}.`,
  },
  'working-directory': {
    default: '.',
    description: 'Folder of the Lumo project, relative to the workspace and inside it.',
  },
  config: {
    default: '',
    description:
      'Path of the configuration, relative to the project. Default: the first of `lumo.config.{js,mjs,cjs,ts,mts}`.',
  },
  environment: {
    default: '',
    description:
      'Name of the deployed copy, 1 to 64 characters of `A-Za-z0-9._-`. Default: `pr-<number>` on `pull_request`, else `environment` of the configuration, else `dev`.',
  },
  tasks: {
    default: '',
    description:
      'Names or globs of the tasks to take, separated by commas or new lines; the others are skipped. Default: all. A name that matches nothing is an error.',
  },
  payload: {
    default: '{}',
    description: "JSON object that is merged over every task's own payload.",
  },
  version: {
    default: '',
    description:
      'What is being deployed. Default: the tag on a tag or release event, else the first 12 characters of the head commit.',
  },
  'previous-version': {
    default: '',
    description: 'Overrides what history says was deployed before; makes the deployment an update.',
  },
  history: {
    default: 'auto',
    description:
      'Where the previous version is looked up: `auto` (marker in the bucket, then git tags), `marker` or `tags`.',
  },
  'unknown-history': {
    default: 'error',
    description:
      'What to take when the bucket holds no marker but the repository has version tags: `error`, `first-deploy` or `update`. Without effect once there is a marker.',
  },
  'allow-downgrade': {
    default: 'false',
    description:
      'Deploy although newer code is deployed already: a higher version (else the error `DOWNGRADE`), or a commit that comes after this one (else the step ends as `superseded`, with nothing run).',
  },
  'tag-prefix': {
    default: 'v',
    description: 'What version tags start with, for example `shop@` in a repository of several projects.',
  },
  provider: {
    default: '',
    description:
      '`aws`, or `local` for the embedded AWS that runs on the runner itself. Default: of the configuration.',
  },
  region: {
    default: '',
    description:
      'AWS region. Default: `region` of the configuration, else `AWS_REGION`, else `AWS_DEFAULT_REGION`; none is an error.',
  },
  bucket: {
    default: '',
    description:
      'S3 bucket for marker, lock and progress; it must exist. Default: `lumo-tasks-<account>-<region>`. `none`: no bucket, so no lock, and history comes from git tags.',
  },
  'bucket-owner': {
    default: '',
    description: 'Account that must own the bucket. Default: the account of the execution role.',
  },
  'execution-role-arn': {
    default: '',
    description: 'ARN of the role the functions run with. Default: the `tasks` role of the configuration.',
  },
  'max-parallel': {
    default: '1',
    description:
      'Attempts that execute at the same time, 1 to 100; a task that waits for its next attempt lets others go ahead. With 1 the tasks run in the order of the configuration, each with all its attempts before the next one starts.',
  },
  'fail-fast': {
    default: 'true',
    description: 'After a failure no further task starts: `true` or `false`.',
  },
  rerun: {
    default: 'failed',
    description:
      'On a re-run or a second step of the same workflow run: `failed` leaves out tasks that completed there with the same code, `all` runs them again.',
  },
  'record-on': {
    default: 'all',
    description:
      'When the environment counts as deployed: `all` (every task of the phase has completed, in one step or several of the same workflow run), `selection` (the tasks selected here have), `job` (as `all`, and the whole job has succeeded: the post step records it; on the command line as `all`) or `never`.',
  },
  'lock-timeout': {
    default: '1800',
    description: 'Seconds to wait for another deployment of the same environment, 0 to 21600; `0` fails at once.',
  },
  channel: {
    default: 'auto',
    description:
      'Objects in the bucket over which the action and a running task talk: live output, cancel, and results whose answer was lost. `auto` (a task that cannot reach S3 runs without), `required` (it does not run) or `off`.',
  },
  prune: {
    default: 'true',
    description: 'Delete the functions of tasks that no longer exist in the project: `true` or `false`.',
  },
  summary: {
    default: 'true',
    description: 'Write the job summary: `true` or `false`.',
  },
  out: {
    default: '.lumo/packages',
    description: 'Folder that `package` writes into, relative to the project.',
  },
  format: {
    default: 'json',
    description: 'What `policy` prints: `json` or `cloudformation`.',
  },
  'github-token': {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that the runner evaluates
    default: '${{ github.token }}',
    description:
      'Token that reads tags and the order of commits when the checkout is shallow; `contents: read` is enough.',
  },
  'job-status': {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that the runner evaluates
    default: '${{ job.status }}',
    description: 'Internal, not to be set: how the post step knows whether the job has succeeded.',
  },
} as const satisfies Record<string, InputDefinition>;

export type InputName = keyof typeof INPUTS;

export const OUTPUTS = {
  version: 'What was deployed.',
  'previous-version': 'What was deployed before; empty on a first deployment.',
  'is-first-deploy': '`true` or `false`.',
  'history-source': 'Where the answer comes from: `input`, `marker`, `tag` or `none`.',
  phase: '`deploy` (first deployment) or `update`.',
  environment: 'The environment that was deployed.',
  status:
    '`succeeded`, `failed`, `cancelled`, `planned`, or `superseded`: newer code is deployed already, and nothing was run.',
  recorded: '`true` when the environment now counts as deployed in this version.',
  succeeded: 'Number of tasks that completed.',
  failed: 'Number of tasks that did not complete.',
  skipped: 'Number of tasks that were skipped.',
  results: 'JSON array with one object per task; over 300,000 characters without data, logs and stacks.',
  'results-file': 'Path of the whole report as JSON.',
  plan: 'JSON array of what would happen, at most 100,000 characters (`plan` only).',
} as const;
