import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { awsError } from '../aws/errors.ts';
import type { FunctionsApi } from './api.ts';
import type { Tags } from './tags.ts';

/** A function as it is in AWS: `$LATEST`, with its tags. */
export interface ExistingFunction {
  name: string;
  arn: string;
  configuration: FunctionConfiguration;
  tags: Tags;
}

/**
 * One GetFunction. Tags that may not be read are the error `ACCESS_DENIED`, never "not ours"; a function without any is
 * asked for them once more, because some servers leave them out in silence.
 */
export async function inspectFunction(api: FunctionsApi, name: string): Promise<ExistingFunction | undefined> {
  const answer = await api.get(name);
  const configuration = answer?.Configuration;
  if (!configuration) return undefined;
  const arn = configuration.FunctionArn ?? name;
  if (answer.TagsError) {
    const { ErrorCode: code = 'AccessDeniedException', Message: message = '' } = answer.TagsError;
    throw awsError(Object.assign(new Error(message), { name: code }), { action: 'lambda:ListTags', resource: arn });
  }
  return { name, arn, configuration, tags: answer.Tags ?? (await api.tags(arn)) };
}
