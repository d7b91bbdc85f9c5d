import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { INPUTS, OUTPUTS } from '../src/input-table.ts';

/** Writes `action.yml` from the input table; `--check` only compares and fails when they differ. */
const file = path.resolve(import.meta.dirname, '..', 'action.yml');

export function actionYaml(): string {
  const inputs = Object.entries(INPUTS).map(([name, input]) => [
    name,
    { description: input.description, required: false, ...(input.default === '' ? {} : { default: input.default }) },
  ]);
  const outputs = Object.entries(OUTPUTS).map(([name, description]) => [name, { description }]);
  return stringify(
    {
      name: 'Lumo tasks',
      description: 'Packages, deploys and runs the deploy-time tasks of a Lumo Framework project on AWS Lambda',
      author: 'lumo',
      branding: { icon: 'package', color: 'orange' },
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(outputs),
      runs: { using: 'node24', main: 'dist/index.js', post: 'dist/post.js' },
    },
    { lineWidth: 120, defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' },
  );
}

if (process.argv[1] === import.meta.filename) {
  const wanted = actionYaml();
  if (!process.argv.includes('--check')) await writeFile(file, wanted);
  else if ((await readFile(file, 'utf8')) !== wanted) {
    console.error('action.yml differs from src/input-table.ts: run `npm run docs`.');
    process.exitCode = 1;
  }
}
