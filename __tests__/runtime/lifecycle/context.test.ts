import { describe, expect, test } from 'vitest';
import { type Context, task } from '../../../src/sdk/tasks/index.ts';
import { attempt, FakeHost, freshRegistry } from './helpers.ts';

freshRegistry();

async function contextOf(event = {}): Promise<Context> {
  let seen: Context | undefined;
  task({
    id: 'demo',
    run: (_, { ctx }) => {
      seen = ctx;
    },
  });
  await attempt('demo', { event, number: 2, host: new FakeHost() });
  return seen as Context;
}

describe('6. ctx', () => {
  test('holds the fields of both dialects', async () => {
    const git = {
      commitSha: 'abc',
      commitRef: 'refs/heads/main',
      repository: 'acme/shop',
      pullRequestNumber: 7,
      ghUsername: 'ada',
    };
    const ctx = await contextOf({
      deployment: { id: '9', isFirstDeploy: false, previousVersion: '1.0.0', environment: 'prod', version: '1.1.0' },
      machine: { name: 'small-1x', cpu: 0.5, memory: 885 },
      queue: { name: 'db' },
      maxDuration: 60,
      source: {
        project: 'shop',
        commit: 'abc',
        repository: 'acme/shop',
        ref: 'refs/heads/main',
        pullRequest: 7,
        actor: 'ada',
      },
    });
    expect(ctx).toEqual({
      deployment: {
        isFirstDeploy: false,
        previousVersion: '1.0.0',
        environment: 'prod',
        id: '9',
        version: '1.1.0',
        git,
      },
      config: { timeout: 300 },
      workingDirectory: process.cwd(),
      task: { id: 'demo', filePath: 'functions/tasks/demo.ts' },
      attempt: { number: 2, startedAt: new Date('2026-03-01T10:00:00.000Z') },
      run: {
        id: '1-1-0badcafe/demo',
        tags: [],
        isTest: false,
        isReplay: false,
        createdAt: new Date('2026-03-01T10:00:00.000Z'),
        startedAt: new Date('2026-03-01T10:00:01.000Z'),
        maxAttempts: 3,
        version: '1.1.0',
        maxDuration: 60,
      },
      queue: { name: 'db' },
      environment: { slug: 'prod', git },
      project: { slug: 'shop', name: 'shop' },
      machine: { name: 'small-1x', cpu: 0.5, memory: 885 },
    });
  });

  test('what does not exist is not there', async () => {
    const ctx = await contextOf();
    for (const name of ['batch', 'organization']) {
      expect(ctx).not.toHaveProperty(name);
    }
    expect(ctx.deployment).not.toHaveProperty('previousVersion');
    expect(ctx.environment.git).toEqual({});
    expect(ctx.machine).not.toHaveProperty('name');
  });

  test('is frozen for the attempt', async () => {
    const ctx = await contextOf();
    expect(() => Object.assign(ctx.run, { id: 'other' })).toThrow(TypeError);
    expect(() => Object.assign(ctx.config, { timeout: 1 })).toThrow(TypeError);
  });
});

describe('the payload', () => {
  test('is what was configured, and the deployment, which it never overrides', async () => {
    task({ id: 'demo', run: (payload) => payload });
    const payload = { rows: 3, deployment: 'mine', config: 'mine', workingDirectory: 'mine' };
    expect((await attempt('demo', { event: { payload } })).result).toEqual({
      rows: 3,
      deployment: { isFirstDeploy: true, environment: 'dev' },
      config: { timeout: 300 },
      workingDirectory: process.cwd(),
    });
  });

  test('may be changed by its owner, unlike ctx', async () => {
    task({
      id: 'demo',
      run: (payload) => {
        payload.config.timeout = 1;
        payload.added = true;
        return [payload.config.timeout, payload.added];
      },
    });
    expect((await attempt('demo')).result).toEqual([1, true]);
  });
});
