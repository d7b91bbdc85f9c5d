import { describe, expect, test } from 'vitest';
import { ActionError } from '../src/errors.ts';
import { parseInputs, readArguments, readStepInputs } from '../src/inputs.ts';

describe('inputs of a step', () => {
  test('what was left out has its default', () => {
    expect(parseInputs(readStepInputs({}))).toMatchObject({
      command: 'deploy',
      workingDirectory: '.',
      environment: undefined,
      payload: {},
      maxParallel: 1,
      failFast: true,
      lockTimeout: 1800,
      recordOn: 'all',
      githubToken: undefined,
    });
  });

  test('dashes stay in the name of the variable, and blanks around the value go', () => {
    const inputs = parseInputs(readStepInputs({ 'INPUT_MAX-PARALLEL': ' 4 ', 'INPUT_FAIL-FAST': 'False' }));
    expect(inputs).toMatchObject({ maxParallel: 4, failFast: false });
  });

  test.each([
    ['command', 'INPUT_COMMAND', 'sweep'],
    ['environment', 'INPUT_ENVIRONMENT', '../prod'],
    ['environment', 'INPUT_ENVIRONMENT', '..'],
    ['environment', 'INPUT_ENVIRONMENT', 'x'.repeat(65)],
    ['payload', 'INPUT_PAYLOAD', '{'],
    ['payload', 'INPUT_PAYLOAD', '[]'],
    ['payload', 'INPUT_PAYLOAD', 'null'],
    ['max-parallel', 'INPUT_MAX-PARALLEL', '0'],
    ['max-parallel', 'INPUT_MAX-PARALLEL', '1e2'],
    ['fail-fast', 'INPUT_FAIL-FAST', 'yes'],
    ['lock-timeout', 'INPUT_LOCK-TIMEOUT', '-1'],
    ['record-on', 'INPUT_RECORD-ON', 'sometimes'],
    ['execution-role-arn', 'INPUT_EXECUTION-ROLE-ARN', 'role/tasks'],
  ])('%s: %s=%s is refused by name', (key, name, value) => {
    const parse = () => parseInputs(readStepInputs({ [name]: value }));
    expect(parse).toThrow(ActionError);
    expect(parse).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', location: { key } }));
  });
});

describe('the command line', () => {
  test('command, tasks and options in any order', () => {
    const raw = readArguments(['run', 'migrate', '--provider=local', 'seed', '--fail-fast', 'false', '--summary']);
    expect(raw).toEqual({
      command: 'run',
      tasks: 'migrate\nseed',
      provider: 'local',
      'fail-fast': 'false',
      summary: 'true',
    });
  });

  test('an option that does not exist is refused', () => {
    expect(() => readArguments(['deploy', '--enviroment', 'dev'])).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});
