import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateKey } from '../../src/project/locate.ts';

const source = `import { defineConfig } from '@lumo-framework/core';
// tasks: { a: { timeout: 1 } }
const shared: Record<string, string> = { timeout: 'no: {' };
export default defineConfig({
  projectName: process.env.NAME ? 'a:b' : "c",
  roles: { tasks: 'arn' },
  taskDefaults: { timeout: 5 },
  tasks: {
    first: { runOn: ['deploy'], timeout: 10 },
    'run-migrations': {
      /* timeout: 3 */
      copyAssets: [{ from: 'a' }, { from: \`b\${1}\`, to: 'c' }],
      "timeout": max(1, 2),
    },
    shared
  },
});
`;

describe('locateKey', () => {
  it.each([
    [['projectName'], 5, 3],
    [['roles', 'tasks'], 6, 12],
    [['taskDefaults', 'timeout'], 7, 19],
    [['tasks'], 8, 3],
    [['tasks', 'first', 'timeout'], 9, 33],
    [['tasks', 'run-migrations'], 10, 5],
    [['tasks', 'run-migrations', 'timeout'], 13, 7],
    [['tasks', 'run-migrations', 'copyAssets', 1, 'to'], 12, 52],
    [['tasks', 'run-migrations', 'copyAssets', 1, 'mode'], 12, 7],
    [['tasks', 'shared', 'timeout'], 15, 5],
    [['tasks', 'elsewhere', 'timeout'], 8, 3],
  ])('%j is on line %i, column %i', (path, line, column) => {
    expect(locateKey(source, path)).toEqual({ line, column });
  });

  it('answers nothing for what is not written there', () => {
    expect(locateKey(source, ['region'])).toBeUndefined();
  });

  it('reads through a typed constant and module.exports', () => {
    expect(locateKey('const config: Config = {\n  tasks: { a: {} } };\n', ['tasks', 'a'])?.line).toBe(2);
    expect(locateKey('module.exports = {\n  tasks: { a: {} } };\n', ['tasks', 'a'])?.line).toBe(2);
  });

  it('finds the keys of any printed object', () => {
    const key = fc.stringMatching(/^[a-zA-Z][\w-]{0,8}$/);
    const entries = fc.dictionary(key, fc.dictionary(key, fc.oneof(fc.string(), fc.integer(), fc.boolean())));
    fc.assert(
      fc.property(entries, (config) => {
        const text = `export default ${JSON.stringify(config, null, 2)};`;
        const lines = text.split('\n');
        for (const [outer, inner] of Object.entries(config)) {
          for (const name of Object.keys(inner)) {
            const line = locateKey(text, [outer, name])?.line ?? 0;
            expect(lines[line - 1]).toContain(`    ${JSON.stringify(name)}:`);
          }
        }
      }),
    );
  });

  it('survives any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void locateKey(text, ['a', 0, 'b'])));
  });
});
