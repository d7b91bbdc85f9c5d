import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundaryOf } from '../../src/project/boundary.ts';
import { makeProject } from './helpers.ts';

describe('boundaryOf', () => {
  it('is the workspace when the project lies in it', async () => {
    const workspace = makeProject({ 'apps/shop/lumo.config.js': '' });
    expect(await boundaryOf(path.join(workspace, 'apps/shop'), { GITHUB_WORKSPACE: workspace })).toBe(workspace);
    expect(await boundaryOf(workspace, { GITHUB_WORKSPACE: workspace })).toBe(workspace);
  });

  it('is the top level of the repository, also of a worktree', async () => {
    const repository = makeProject({ 'apps/shop/lumo.config.js': '' });
    execFileSync('git', ['init', '-q'], { cwd: repository });
    const git = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
    execFileSync('git', [...git, 'commit', '-q', '--allow-empty', '-m', 'first'], { cwd: repository });
    expect(await boundaryOf(path.join(repository, 'apps/shop'), {})).toBe(repository);
    const tree = path.join(makeProject({}), 'tree');
    execFileSync('git', ['worktree', 'add', '-q', tree], { cwd: repository });
    mkdirSync(path.join(tree, 'shop'));
    expect(await boundaryOf(path.join(tree, 'shop'), { GITHUB_WORKSPACE: repository })).toBe(tree);
  });

  it('is the project where there is neither', async () => {
    const project = makeProject({});
    expect(await boundaryOf(project, { GITHUB_WORKSPACE: makeProject({}) })).toBe(project);
    expect(await boundaryOf(project, { GITHUB_WORKSPACE: '' })).toBe(project);
    expect(await boundaryOf(project, { GITHUB_WORKSPACE: '/nowhere/at/all' })).toBe(project);
  });

  it('counts a symbolic link by where it leads', async () => {
    const workspace = makeProject({});
    const elsewhere = makeProject({});
    symlinkSync(elsewhere, path.join(workspace, 'shop'));
    expect(await boundaryOf(path.join(workspace, 'shop'), { GITHUB_WORKSPACE: workspace })).toBe(elsewhere);
  });
});
