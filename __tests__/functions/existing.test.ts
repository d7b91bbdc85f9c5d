import { describe, expect, test } from 'vitest';
import { existingFunction, parseFunctionReference } from '../../src/functions/existing.ts';
import { task } from './helpers.ts';

describe('a Lambda that already exists', () => {
  test.each([
    ['migrate', 'migrate', undefined],
    ['migrate:live', 'migrate', 'live'],
    ['migrate:7', 'migrate', '7'],
    ['migrate:$LATEST', 'migrate', '$LATEST'],
    ['123456789012:function:migrate', '123456789012:function:migrate', undefined],
    ['123456789012:function:migrate:live', '123456789012:function:migrate', 'live'],
    [
      'arn:aws:lambda:eu-west-1:123456789012:function:migrate',
      'arn:aws:lambda:eu-west-1:123456789012:function:migrate',
      undefined,
    ],
    [
      'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:migrate:7',
      'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:migrate',
      '7',
    ],
  ])('%s', (text, functionName, qualifier) => {
    expect(parseFunctionReference(text)).toEqual({ functionName, qualifier });
    expect(existingFunction(task('migrate', { function: text }))).toEqual({ functionName, qualifier });
  });

  test.each(['', 'a b', 'migrate:', 'a:b:c', 'arn:aws:s3:::bucket', 'arn:aws:lambda:eu-west-1:1:function:x', 'x/../y'])(
    '%j is refused',
    (text) => {
      expect(() => existingFunction(task('migrate', { function: text }))).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID', location: { key: 'tasks.migrate.function' } }),
      );
    },
  );

  test('a task of our own has none', () => {
    expect(existingFunction(task('migrate'))).toBeUndefined();
  });
});
