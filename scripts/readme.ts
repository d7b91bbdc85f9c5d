import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

/** Writes the tables of inputs and outputs in `README.md` from `action.yml`; `--check` only compares and fails when they differ. */
interface Action {
  inputs: Record<string, { description: string; default?: string }>;
  outputs: Record<string, { description: string }>;
}

const root = path.resolve(import.meta.dirname, '..');
const file = path.join(root, 'README.md');

function inputsTable({ inputs }: Action): string {
  const rows = Object.entries(inputs).map(([name, input]) => [
    code(name),
    input.default === undefined ? '' : code(input.default),
    input.description,
  ]);
  return table(['input', 'default', 'meaning'], rows);
}

function outputsTable({ outputs }: Action): string {
  const rows = Object.entries(outputs).map(([name, output]) => [code(name), output.description]);
  return table(['output', 'meaning'], rows);
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}

const code = (text: string) => `\`${text}\``;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->`. */
function fill(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no section between ${start} and ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}

const action = parse(await readFile(path.join(root, 'action.yml'), 'utf8')) as Action;
const current = await readFile(file, 'utf8');
const wanted = fill(fill(current, 'inputs', inputsTable(action)), 'outputs', outputsTable(action));
if (!process.argv.includes('--check')) await writeFile(file, wanted);
else if (current !== wanted) {
  console.error('The tables of README.md differ from action.yml: run `npm run docs`.');
  process.exitCode = 1;
}
