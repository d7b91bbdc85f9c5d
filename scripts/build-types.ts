import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const root = path.dirname(import.meta.dirname);
const source = path.join(root, 'src');
/** A relative module in a declaration: `from './x.ts'` or `import('./x.ts')`. */
const RELATIVE_MODULE = /(?<=\bfrom |\bimport\()(['"])(\.[^'"]+)\.ts\1/g;

/**
 * Writes what type checkers read beside `sdk/tasks.mjs` and `sdk/core.mjs`: `sdk/tasks.d.ts`, `sdk/core.d.ts`, and the
 * declarations they are made of in `sdk/types`. They need nothing but the types of Node.
 */
export async function buildTypes(distDir: string): Promise<void> {
  const declarations = declare(['sdk/tasks/index.ts', 'sdk/core/index.ts'].map((file) => path.join(source, file)));
  const types = path.join(distDir, 'sdk', 'types');
  const files = new Map(
    [...declarations].map(([name, text]) => [path.join(types, name), text.replaceAll(RELATIVE_MODULE, '$1$2.js$1')]),
  );
  for (const name of ['tasks', 'core']) {
    files.set(path.join(distDir, 'sdk', `${name}.d.ts`), `export * from './types/sdk/${name}/index.js';\n`);
  }
  for (const [file, text] of files) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** The declarations of the entries and of what they refer to, by their path relative to the sources. */
function declare(entries: readonly string[]): Map<string, string> {
  const { config, error } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(entries, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: source,
    outDir: source,
  });
  const emitted = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (file, text) => emitted.set(path.relative(source, file), text));
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) throw new Error(ts.formatDiagnostics(problems, host));
  return reachable(
    entries.map((entry) => path.relative(source, entry)),
    emitted,
  );
}

function reachable(entries: readonly string[], emitted: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (file: string): void => {
    const name = file.replace(/\.ts$/, '.d.ts');
    const text = emitted.get(name);
    if (text === undefined || found.has(name)) return;
    found.set(name, text);
    for (const [, , module = ''] of text.matchAll(RELATIVE_MODULE)) {
      visit(path.join(path.dirname(file), `${module}.ts`));
    }
  };
  entries.forEach(visit);
  return found;
}

const host: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (file) => file,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};
