import { ActionError } from '../errors.ts';
import type { ProjectTask } from '../project/types.ts';

/** A Lambda that already exists, as Invoke wants it. */
export interface FunctionReference {
  /** Name, or ARN without qualifier. */
  functionName: string;
  /** Version or alias; `undefined`: `$LATEST`, whose code is its owner's affair. */
  qualifier: string | undefined;
}

const NAME = '[A-Za-z0-9_-]{1,64}';
const QUALIFIER = '(?::(\\$LATEST(?:\\.PUBLISHED)?|[A-Za-z0-9_-]{1,128}))?';
const ACCOUNT = '\\d{12}';
const FORMS = [
  new RegExp(`^(${NAME})${QUALIFIER}$`),
  new RegExp(`^(${ACCOUNT}:function:${NAME})${QUALIFIER}$`),
  new RegExp(`^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:${ACCOUNT}:function:${NAME})${QUALIFIER}$`),
];

/** Name, partial ARN or full ARN, each with or without qualifier; `undefined`: none of them. */
export function parseFunctionReference(text: string): FunctionReference | undefined {
  for (const form of FORMS) {
    const [, functionName, qualifier] = form.exec(text) ?? [];
    if (functionName !== undefined) return { functionName, qualifier };
  }
  return undefined;
}

/**
 * Where the task's own Lambda is; `undefined` for a task that has none. Nothing is asked of AWS: such a task needs
 * lambda:InvokeFunction and nothing else. Throws `CONFIG_INVALID`.
 */
export function existingFunction(task: ProjectTask): FunctionReference | undefined {
  const text = task.settings.function;
  if (text === undefined) return undefined;
  const reference = parseFunctionReference(text);
  if (reference) return reference;
  throw new ActionError(
    'CONFIG_INVALID',
    `${JSON.stringify(text)} is neither the name nor the ARN of a Lambda function`,
    {
      advice: 'Write the name, the ARN, or either with a version or alias: migrate, migrate:live, arn:aws:lambda:...',
      location: { key: `tasks.${task.name}.function` },
    },
  );
}
