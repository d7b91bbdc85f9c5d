import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const packageFolder = path.join(root, 'node_modules', 'aws-lambda-ric');
const shim = path.join(root, 'src', 'local', 'rapid-client.ts');

/** The one line that loads the native client; a release that has it elsewhere must be looked at, not guessed. */
const NATIVE_CLIENT = 'return cjsRequire("./rapid-client.node");';

/**
 * Makes one file of AWS's runtime interface client, with our JavaScript in the place of its native part, and puts its
 * LICENSE and NOTICE beside it. The same input gives the same bytes.
 */
export async function buildRic(outFile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [path.join(packageFolder, 'index.mjs')],
    outfile: outFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.11',
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [replaceNativeClient],
  });
  await mkdir(path.dirname(outFile), { recursive: true });
  for (const name of ['LICENSE', 'NOTICE']) {
    await copyFile(path.join(packageFolder, name), path.join(path.dirname(outFile), name));
  }
}

const replaceNativeClient: Plugin = {
  name: 'replace-native-client',
  setup({ onLoad }) {
    onLoad({ filter: /aws-lambda-ric[/\\]index\.mjs$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const parts = source.split(NATIVE_CLIENT);
      if (parts.length !== 2)
        throw new Error(`aws-lambda-ric loads its native client in ${parts.length - 1} places, not in one`);
      // Behind a possible `#!` line, which has to stay the first one.
      const end = source.startsWith('#!') ? source.indexOf('\n') + 1 : 0;
      const imported = `import { rapidClient } from ${JSON.stringify(shim)};\n`;
      const replaced = parts.join('return rapidClient;');
      return { contents: replaced.slice(0, end) + imported + replaced.slice(end), loader: 'js' };
    });
  },
};
