import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';
import { type Finding, formatPath } from '../../src/project/check.ts';
import { configError } from '../../src/project/config-error.ts';
import { configuredSecrets } from '../../src/project/configured-secrets.ts';
import { checkConfig } from '../../src/project/schema.ts';
import { anything, deep, hold, json, key, mutated, number, PROTOTYPE_KEYS, text } from './arbitraries.ts';

const CONFIG = {
  projectName: 'shop',
  provider: 'aws',
  environment: 'dev',
  region: 'eu-central-1',
  networking: { natGateways: 1 },
  build: { exclude: ['pg'] },
  secrets: { token: { value: 'hidden', description: 'd' } },
  events: { eventBus: 'bus', subscribers: { a: { events: ['x'] } } },
  roles: { tasks: 'arn:aws:iam::123456789012:role/tasks' },
  tasks: {
    seed: {
      timeout: 60,
      runOn: ['deploy'],
      copyAssets: [{ from: 'a', to: 'b' }],
      needs: ['migrate'],
      env: { KEY: 'value' },
      nodeModules: ['pg'],
      vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] },
      layers: ['arn:aws:lambda:eu-central-1:1:layer:l:1'],
      tags: { team: 'a' },
      payload: { deep: { er: 1 } },
      retry: { maxAttempts: 2, outOfMemory: { machine: 'medium-1x' } },
      queue: { name: 'q', concurrencyLimit: 1 },
      machine: { preset: 'micro' },
    },
  },
  taskDefaults: { memory: 512, env: { A: 'b' } },
};

function check(value: unknown) {
  const findings: Finding[] = [];
  return { config: checkConfig(value, { path: [], findings }), findings };
}

test('whatever a configuration exports is checked to its end, and every finding names a place', async () => {
  await hold(
    fc.property(fc.oneof(anything, mutated(CONFIG, anything)), (value) => {
      const { config, findings } = check(value);
      for (const { code, message, path } of findings) {
        expect(ERROR_CODES).toContain(code);
        expect(message.length).toBeGreaterThan(0);
        expect(typeof formatPath(path)).toBe('string');
      }
      if (findings.length > 0) {
        expect(configError(findings, 'lumo.config.js', '').details).toHaveLength(findings.length);
      } else {
        expect(typeof config?.projectName).toBe('string');
      }
      for (const [, task] of config?.tasks ?? []) {
        if (task.timeout !== undefined) expect(task.timeout >= 1 && task.timeout <= 900).toBe(true);
        if (task.env !== undefined)
          expect(Object.values(task.env).every((each) => typeof each === 'string')).toBe(true);
      }
    }),
  );
});

test('findings tell types of secrets and of env, never values', async () => {
  const secret = 'hunter2-and-more';
  const wrong = fc.constantFrom<unknown>([secret], { secret }, { [secret]: { a: secret } }, [[secret]]);
  await hold(
    fc.property(wrong, wrong, (one, other) => {
      const { findings } = check({
        projectName: 'shop',
        secrets: { a: { value: one } },
        taskDefaults: { env: { A: other } },
      });
      expect(findings.length).toBeGreaterThan(0);
      expect(findings.map(({ message }) => message).join('\n')).not.toContain(`"${secret}"`);
    }),
  );
});

test('tasks may be called as parts of every object are', () => {
  for (const name of PROTOTYPE_KEYS) {
    const { config, findings } = check({ projectName: 'shop', tasks: Object.fromEntries([[name, { timeout: 5 }]]) });
    expect(findings).toEqual([]);
    expect(config?.tasks?.get(name)).toEqual({ timeout: 5 });
    expect(check({ projectName: 'shop', tasks: { seed: Object.fromEntries([[name, 1]]) } }).findings).toHaveLength(1);
  }
});

test('secrets are found in whatever stands where they belong', async () => {
  const values = fc.dictionary(key, fc.oneof(text, number, anything));
  await hold(
    fc.property(fc.oneof(anything, values), fc.oneof(anything, values), (tasks, taskDefaults) => {
      const found = configuredSecrets({ tasks, taskDefaults: { env: taskDefaults } }, {});
      expect(found.every((value) => typeof value === 'string')).toBe(true);
      const texts = Object.values(Object(taskDefaults) as object).filter((value) => typeof value === 'string');
      if (typeof taskDefaults === 'object' && !Array.isArray(taskDefaults))
        expect(found).toEqual(expect.arrayContaining(texts));
    }),
  );
});

test('a payload of very many levels is refused, also one without an end', () => {
  const endless: Record<string, unknown> = {};
  endless.self = endless;
  for (const payload of [{ a: JSON.parse(deep(1_000)) }, { a: JSON.parse(deep(200_000)) }, endless]) {
    const { findings } = check({ projectName: 'shop', taskDefaults: { payload } });
    expect(findings).toMatchObject([{ path: ['taskDefaults', 'payload'] }]);
  }
  expect(check({ projectName: 'shop', taskDefaults: { payload: { a: JSON.parse(deep(400)) } } }).findings).toEqual([]);
});

test('a payload is what JSON makes of it', async () => {
  await hold(
    fc.property(json, (value) => {
      const { config, findings } = check({ projectName: 'shop', taskDefaults: { payload: { value } } });
      if (findings.length === 0) {
        expect(config?.taskDefaults?.payload).toEqual(JSON.parse(JSON.stringify({ value })));
      }
    }),
  );
});
