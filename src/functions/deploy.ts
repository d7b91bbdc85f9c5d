import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { ActionError } from '../errors.ts';
import type { Package } from '../package/types.ts';
import type { FunctionChange } from '../report/types.ts';
import type { ObjectStore } from '../state/types.ts';
import { assertSameCode, assertUploadable, codeLocation } from './code.ts';
import { mapLimit } from './concurrency.ts';
import { decide } from './decide.ts';
import {
  FUNCTIONS_AT_A_TIME,
  inspectOurs,
  type PlanFunctionsOptions,
  type PlannedFunction,
  planFunctions,
} from './plan.ts';
import { creationParameters } from './settings.ts';
import { codeTags, type RecordedCode, recordedCode } from './tags.ts';
import { waitForLatest, waitUntilReady } from './wait.ts';

export interface DeployFunctionsOptions extends PlanFunctionsOptions {
  /** Where code over 50 MB goes through; `undefined`: nowhere, such code is refused. */
  store: ObjectStore | undefined;
  /** Called once it is certain that the functions can be made, before the first write. */
  beforeWrites(functions: string[]): Promise<void>;
}

export interface DeployedFunction {
  task: string;
  function: string;
  /** The published version to invoke. */
  version: string;
  digest: string;
  codeSha256: string;
  /** Of the function when it was ready, as Lambda says it. */
  lastModified: string | undefined;
  change: FunctionChange;
}

/**
 * Brings every function to what is wanted and publishes a version of it; results in the order of the tasks. Before the
 * first write it throws `ROLE_MISSING`, `TASK_TOO_LARGE` and what `planFunctions` throws; later `FUNCTION_FAILED`,
 * `FUNCTION_BUSY`, `ACCESS_DENIED`. Interrupted anywhere, the next deployment finishes it.
 */
export async function deployFunctions(options: DeployFunctionsOptions): Promise<DeployedFunction[]> {
  const plans = await planFunctions(options);
  assertRoles(plans);
  assertUploadable(
    plans.flatMap(({ pkg, decision }) => (pkg && decision.uploadCode ? [pkg] : [])),
    options.store,
  );
  await options.beforeWrites(plans.map(({ name }) => name));
  return await mapLimit(plans, options.concurrency ?? FUNCTIONS_AT_A_TIME, async (plan) => {
    const start = options.api.clock.now();
    const deployed = await apply(plan, options);
    const { action, version } = deployed.change;
    if (action !== 'unchanged') {
      const seconds = ((options.api.clock.now() - start) / 1000).toFixed(1);
      options.api.log.info(`${plan.name}: ${action}d, version ${version}, ${seconds} s`);
    }
    return deployed;
  });
}

/** A function cannot be created without an execution role; one that exists keeps the one it has. */
export function assertRoles(plans: readonly PlannedFunction[]): void {
  const lacking = plans.filter(({ decision, wanted }) => decision.action === 'create' && !wanted.settings.role);
  if (lacking.length === 0) return;
  throw new ActionError('ROLE_MISSING', 'An execution role is needed to create Lambda functions, and none is given', {
    advice: 'Set the input execution-role-arn, or the tasks role in lumo.config; command policy prints such a role.',
    details: lacking.map(({ name }) => ({ message: `function ${name} has to be created` })),
  });
}

async function apply(plan: PlannedFunction, options: DeployFunctionsOptions): Promise<DeployedFunction> {
  switch (plan.decision.action) {
    case 'create':
      return await create(plan, options);
    case 'update':
      return await update(plan, options);
    case 'unchanged':
      return deployed(
        plan,
        plan.change.version ?? '',
        recordedCode(plan.existing?.tags ?? {}),
        plan.existing?.configuration,
      );
  }
}

async function create(plan: PlannedFunction, options: DeployFunctionsOptions): Promise<DeployedFunction> {
  const { api, store } = options;
  const { name, wanted, decision } = plan;
  const pkg = packageOf(plan);
  const code = await codeLocation(pkg, store);
  if (decision.recreate) await api.delete(name);
  const created = await api.create({
    ...creationParameters(name, wanted.settings),
    FunctionName: name,
    Role: wanted.settings.role,
    Code: code,
    Architectures: [wanted.settings.architecture],
    Tags: { ...wanted.tags, ...codeTags(pkg, wanted.inputs) },
    Publish: true,
  });
  if (!created) return await adopt(plan, options);
  assertSameCode(name, pkg, code, created.CodeSha256);
  return deployed(plan, await publish(plan, created, options), pkg, created);
}

/** Somebody was faster, most likely our own request whose answer was lost: from here on it is an update. */
async function adopt(plan: PlannedFunction, options: DeployFunctionsOptions): Promise<DeployedFunction> {
  const existing = await inspectOurs(options.api, plan.name, plan.task, options.identity);
  const decision = { ...decide(existing, plan.wanted, plan.pkg), newVersion: true };
  if (!existing || decision.action === 'create') {
    throw new ActionError(
      'FUNCTION_BUSY',
      `Lambda function ${plan.name} is being created and deleted at the same time`,
      {
        advice: 'Give deployments of one environment the same concurrency group, then deploy again.',
      },
    );
  }
  return await update({ ...plan, existing, decision }, options);
}

/** Configuration, then code with the new version, then tags: whatever was last recorded stays true until all is done. */
async function update(plan: PlannedFunction, options: DeployFunctionsOptions): Promise<DeployedFunction> {
  const { api, store } = options;
  const { name, wanted, decision, existing } = plan;
  let current: FunctionConfiguration = existing?.configuration ?? {};
  if (decision.configuration) {
    const answer = await api.updateConfiguration({ ...decision.configuration, FunctionName: name });
    current = await waitUntilReady(api, name, answer);
  }
  if (decision.uploadCode) {
    const pkg = packageOf(plan);
    const location = await codeLocation(pkg, store);
    current = await api.updateCode({
      FunctionName: name,
      ...location,
      Architectures: [wanted.settings.architecture],
      Publish: true,
    });
    assertSameCode(name, pkg, location, current.CodeSha256);
  }
  const version = decision.newVersion ? await publish(plan, current, options) : (plan.change.version ?? '');
  if (decision.uploadCode) current = await waitForLatest(api, name);
  const code = codeOf(plan, current.CodeSha256);
  await api.tag(existing?.arn ?? name, { ...wanted.tags, ...codeTags(code, plan.wanted.inputs) });
  return deployed(plan, version, code, current);
}

/** The number of the version `answer` belongs to or becomes, once that version can be invoked. */
async function publish(
  { name, pkg }: PlannedFunction,
  answer: FunctionConfiguration,
  { api }: DeployFunctionsOptions,
): Promise<string> {
  const published =
    answer.Version && answer.Version !== '$LATEST'
      ? answer
      : await api.publish(name, answer.CodeSha256 ?? pkg?.codeSha256 ?? '');
  const version = published.Version ?? '';
  await waitUntilReady(api, name, published, version);
  return version;
}

/** What to record: a package that was looked at, else what was recorded already. */
function codeOf({ pkg, existing }: PlannedFunction, codeSha256: string | undefined): RecordedCode {
  const recorded = recordedCode(existing?.tags ?? {});
  return {
    digest: pkg?.digest ?? recorded?.digest ?? '',
    codeSha256: codeSha256 ?? pkg?.codeSha256 ?? recorded?.codeSha256 ?? '',
  };
}

function deployed(
  plan: PlannedFunction,
  version: string,
  code: RecordedCode | undefined,
  latest: FunctionConfiguration | undefined,
): DeployedFunction {
  return {
    task: plan.task.name,
    function: plan.name,
    version,
    digest: code?.digest ?? '',
    codeSha256: code?.codeSha256 ?? '',
    lastModified: latest?.LastModified,
    change: { ...plan.change, version },
  };
}

function packageOf({ pkg, name }: PlannedFunction): Package {
  if (pkg) return pkg;
  throw new Error(`The package of function ${name} was asked for, but not made`);
}
