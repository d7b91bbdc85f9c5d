import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A real git repository in a temporary folder. */
export class GitFixture {
  readonly folder: string;

  constructor(folder = mkdtempSync(path.join(os.tmpdir(), 'lumo-git-'))) {
    this.folder = folder;
  }

  /** With a first commit on `main`. */
  static create(): GitFixture {
    const fixture = new GitFixture();
    fixture.git('init', '--quiet', '--initial-branch=main');
    fixture.commit();
    return fixture;
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgSign=false'];
    return execFileSync('git', [...identity, ...args], { cwd: this.folder, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** Commits and, with names, tags the commit; answers its id. */
  commit(...tags: string[]): string {
    this.git('commit', '--quiet', '--allow-empty', '--message', tags.join(' ') || 'work');
    for (const tag of tags) this.git('tag', tag);
    return this.git('rev-parse', 'HEAD');
  }

  clone(...options: string[]): GitFixture {
    const copy = new GitFixture();
    copy.git('clone', '--quiet', ...options, pathToFileURL(this.folder).href, '.');
    return copy;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
