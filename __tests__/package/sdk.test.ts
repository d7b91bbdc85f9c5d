import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasInstalledCore, registeringSdks, sdkAliases } from '../../src/package/sdk.ts';
import { tempFolder, writeFiles } from './helpers.ts';

const SDKS = ['@lumo-framework/tasks', '@trigger.dev/sdk', '@trigger.dev/sdk/v3'];
const installed = (name: string) => ({ [`node_modules/${name}/package.json`]: '{}' });

describe('the SDKs of task authors', () => {
  test('are ours, installed or not; core only where the project has none', async () => {
    const [distDir, projectRoot] = [await tempFolder(), await tempFolder()];
    const ours = SDKS.map((name) => `--alias:${name}=${path.join(distDir, 'sdk/tasks.mjs')}`);
    const core = `--alias:@lumo-framework/core=${path.join(distDir, 'sdk/core.mjs')}`;
    expect(await sdkAliases({ distDir, projectRoot })).toEqual([...ours, core]);
    expect(await hasInstalledCore(projectRoot)).toBe(false);
    await writeFiles(projectRoot, { ...installed('@lumo-framework/core'), ...installed('@trigger.dev/sdk') });
    const theirs = '--alias:lumo-installed-core=@lumo-framework/core';
    expect(await sdkAliases({ distDir, projectRoot })).toEqual([...ours, theirs]);
    expect(await hasInstalledCore(projectRoot)).toBe(true);
  });

  test('are the installed ones with aliasSdk: false', async () => {
    const [distDir, projectRoot] = [await tempFolder(), await tempFolder()];
    expect(await registeringSdks(projectRoot, false)).toEqual(new Set(SDKS));
    await writeFiles(projectRoot, installed('@trigger.dev/sdk'));
    const aliases = await sdkAliases({ distDir, projectRoot, aliasSdk: false });
    expect(aliases.filter((each) => each.includes('tasks.mjs'))).toEqual([
      `--alias:@lumo-framework/tasks=${path.join(distDir, 'sdk/tasks.mjs')}`,
    ]);
    expect(await registeringSdks(projectRoot, false)).toEqual(new Set(['@lumo-framework/tasks']));
    expect(await registeringSdks(projectRoot, true)).toEqual(new Set(SDKS));
  });
});
