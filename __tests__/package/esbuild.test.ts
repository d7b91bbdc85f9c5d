import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ESBUILD_VERSION, EsbuildFailure, findEsbuild, parseMessages, runEsbuild } from '../../src/package/esbuild.ts';
import { executable, INTEGRITY } from '../../src/package/esbuild-version.ts';
import { fetchEsbuild } from '../../src/package/fetch-esbuild.ts';
import { actionError, esbuild, repository, silent, tempFolder, writeFiles } from './helpers.ts';

const platform = `${process.platform}-${process.arch}`;
const binary = executable(platform);

const manifest = (version: string) => JSON.stringify({ name: `@esbuild/${platform}`, version });

describe('findEsbuild', () => {
  async function places() {
    const action = await tempFolder();
    const projectRoot = await tempFolder();
    const cache = await tempFolder();
    // npm without a registry, so that nothing is fetched.
    const env = { PATH: process.env.PATH, RUNNER_TOOL_CACHE: cache, npm_config_registry: 'http://127.0.0.1:9' };
    const find = () =>
      findEsbuild({
        distDir: path.join(action, 'dist'),
        projectRoot,
        log: silent,
        env: { ...env, npm_config_fetch_retries: '0' },
      });
    return { action, projectRoot, cache, find };
  }

  test('takes the shipped one, then the own, then that of the project, then the cache', async () => {
    const { action, projectRoot, cache, find } = await places();
    const add = async (root: string, file: string) => {
      await writeFiles(root, { [file]: 'binary' });
      return path.join(root, file);
    };
    const cached = await add(cache, `lumo-tasks-esbuild/${ESBUILD_VERSION}/${platform}/${binary}`);
    expect(await find()).toEqual({ binary: cached, version: ESBUILD_VERSION, origin: 'the tool cache' });

    await writeFiles(projectRoot, { [`node_modules/@esbuild/${platform}/package.json`]: manifest('0.19.0') });
    const projects = await add(projectRoot, `node_modules/@esbuild/${platform}/bin/esbuild`);
    expect((await find()).binary).toBe(cached);
    await writeFiles(projectRoot, { [`node_modules/@esbuild/${platform}/package.json`]: manifest(ESBUILD_VERSION) });
    expect(await find()).toMatchObject({ binary: projects, origin: "the project's node_modules" });

    await writeFiles(action, { [`node_modules/@esbuild/${platform}/package.json`]: manifest(ESBUILD_VERSION) });
    const own = await add(action, `node_modules/@esbuild/${platform}/bin/esbuild`);
    expect((await find()).binary).toBe(own);

    const shipped = await add(action, `bin/${platform}/${binary}`);
    expect(await find()).toMatchObject({ binary: shipped, origin: 'shipped with the action' });
  });

  test("finds the project's one behind pnpm's links", async () => {
    const { projectRoot, find } = await places();
    const store = 'node_modules/.pnpm';
    await writeFiles(projectRoot, {
      [`${store}/esbuild@1/node_modules/esbuild/package.json`]: '{}',
      [`${store}/platform@1/package.json`]: manifest(ESBUILD_VERSION),
      [`${store}/platform@1/bin/esbuild`]: '',
      [`${store}/esbuild@1/node_modules/@esbuild/${platform}`]: { link: '../../../platform@1' },
      'node_modules/esbuild': { link: '.pnpm/esbuild@1/node_modules/esbuild' },
    });
    expect((await find()).binary).toBe(path.join(projectRoot, store, 'platform@1/bin/esbuild'));
  });

  test('else is an error that names both ways out', async () => {
    const { find } = await places();
    const error = await actionError(find());
    expect(error.code).toBe('ESBUILD_UNAVAILABLE');
    expect(error.advice).toContain(`npm install --save-dev --save-exact esbuild@${ESBUILD_VERSION}`);
    expect(error.advice).toContain('release tag');
  });
});

describe('fetchEsbuild', () => {
  /** A tar archive with one file, as npm makes them. */
  function archive(name: string, content: Buffer): Buffer {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write('0000755\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        0', 148);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0) - 48 + 32;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    header.write('0', 156);
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return gzipSync(Buffer.concat([header, content, padding, Buffer.alloc(1024)]));
  }

  /** A registry that knows one package, reached through the project's own `.npmrc`. */
  async function registry(bytes: Buffer) {
    const name = `@esbuild/${platform}`;
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    const server = createServer((request, response) => {
      if (request.url?.endsWith('.tgz')) return response.end(bytes);
      const { port } = server.address() as AddressInfo;
      const dist = { tarball: `http://127.0.0.1:${port}/package.tgz`, integrity };
      const version = { name, version: ESBUILD_VERSION, dist };
      return response.end(
        JSON.stringify({ name, 'dist-tags': { latest: ESBUILD_VERSION }, versions: { [ESBUILD_VERSION]: version } }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const projectRoot = await tempFolder();
    const { port } = server.address() as AddressInfo;
    await writeFile(path.join(projectRoot, '.npmrc'), `registry=http://127.0.0.1:${port}/\n`);
    const cache = await tempFolder();
    const env = { PATH: process.env.PATH, HOME: await tempFolder(), RUNNER_TOOL_CACHE: cache };
    return { platform, projectRoot, env, log: silent, integrity };
  }

  const content = Buffer.from('#!/bin/sh\necho esbuild\n');
  const inner = `package/${process.platform === 'win32' ? 'esbuild.exe' : 'bin/esbuild'}`;

  test("fetches through the project's npm settings and keeps it, executable", async () => {
    const options = await registry(archive(inner, content));
    const kept = await fetchEsbuild(options);
    expect(await readFile(kept)).toEqual(content);
    expect(await readdir(path.dirname(kept))).toEqual([binary]);
    const found = await findEsbuild({ ...options, distDir: await tempFolder() });
    expect(found).toMatchObject({ binary: kept, origin: 'the tool cache' });
  });

  test('keeps nothing that has another hash than the pinned one', async () => {
    const { integrity, ...options } = await registry(archive(inner, content));
    await expect(fetchEsbuild(options)).rejects.toThrow(`has the hash ${integrity}, expected ${INTEGRITY[platform]}`);
    expect(await readdir(options.env.RUNNER_TOOL_CACHE)).toEqual([]);
  });
});

test('the pinned hashes are those of our lock file, and the version is ours', async () => {
  const lock = JSON.parse(await readFile(path.join(repository, 'package-lock.json'), 'utf8'));
  for (const [name, integrity] of Object.entries(INTEGRITY)) {
    expect(lock.packages[`node_modules/@esbuild/${name}`]).toMatchObject({ version: ESBUILD_VERSION, integrity });
  }
});

describe('runEsbuild', () => {
  test('answers the metafile and leaves no trace of it', async () => {
    const [cwd, tempDir] = [await tempFolder(), await tempFolder()];
    await writeFiles(cwd, { 'a.ts': `export const run = 1; import './b.cjs';`, 'b.cjs': 'exports.x = 1;' });
    const metafile = await runEsbuild(esbuild, ['a.ts', '--bundle', `--outfile=${cwd}/out.js`, '--format=esm'], {
      cwd,
      tempDir,
    });
    expect(metafile.outputs['out.js']?.exports).toEqual(['run']);
    expect(metafile.inputs['b.cjs']?.format).toBe('cjs');
    expect(await readdir(tempDir)).toEqual([]);
  });

  test('says where the sources are wrong, in order', async () => {
    const [cwd, tempDir] = [await tempFolder(), await tempFolder()];
    await writeFiles(cwd, { 'b b.ts': `const x = ;`, 'a.ts': `import './b b.ts';\nimport "✘ [ERROR] x";` });
    const failure = runEsbuild(esbuild, ['a.ts', '--bundle', `--outdir=${cwd}/out`], { cwd, tempDir });
    await expect(failure).rejects.toBeInstanceOf(EsbuildFailure);
    await expect(failure).rejects.toMatchObject({
      messages: [
        { text: 'Could not resolve "✘ [ERROR] x"', file: path.join(cwd, 'a.ts'), line: 2, column: 8 },
        { text: 'Unexpected ";"', file: path.join(cwd, 'b b.ts'), line: 1, column: 11 },
      ],
    });
  });

  test('ends at once when it is cancelled', async () => {
    const [cwd, tempDir] = [await tempFolder(), await tempFolder()];
    const sleeper = path.join(cwd, 'esbuild');
    await writeFile(sleeper, '#!/bin/sh\nexec sleep 30\n');
    await chmod(sleeper, 0o755);
    const controller = new AbortController();
    const run = runEsbuild({ ...esbuild, binary: sleeper }, [], { cwd, tempDir, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('cancelled')), 50);
    await expect(run).rejects.toThrow('cancelled');
  });

  test('that cannot be started is an error for people', async () => {
    const cwd = await tempFolder();
    await mkdir(path.join(cwd, 'x'));
    await copyFile(path.join(repository, 'package.json'), path.join(cwd, 'esbuild'));
    const run = runEsbuild({ ...esbuild, binary: path.join(cwd, 'esbuild') }, [], { cwd, tempDir: cwd });
    expect(await actionError(run)).toMatchObject({ code: 'ESBUILD_UNAVAILABLE' });
  });
});

test('a crash of esbuild is told as it is', () => {
  expect(parseMessages('panic: out of memory\n', '/')).toEqual([{ text: 'panic: out of memory' }]);
});
