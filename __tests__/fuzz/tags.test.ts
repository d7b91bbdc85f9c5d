import fc from 'fast-check';
import { expect, test } from 'vitest';
import { functionName } from '../../src/functions/name.ts';
import { assertOurs, codeTags, foreignTags, identityTags, recordedCode } from '../../src/functions/tags.ts';
import { findPreviousTag, parseVersion, versionTags } from '../../src/history/tags.ts';
import { defaultVersion } from '../../src/history/version.ts';
import { keySegment, stateKeys } from '../../src/state/keys.ts';
import { damaged, hold, key, orActionError, text } from './arbitraries.ts';

const version = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((parts) => parts.join('.')),
  damaged('1.2.3-rc.1+build'),
  fc.constantFrom(
    '1.2.3',
    '1.2',
    'v1.2.3',
    '01.2.3',
    '9'.repeat(400),
    `1.2.3-${'a.'.repeat(2_000)}a`,
    ' 1.2.3',
    '1.2.3\n',
  ),
);
const prefix = fc.oneof(fc.constantFrom('', 'v', 'shop@', '(', '[a-z]*', '$'), text);
const tag = fc.oneof(
  text,
  fc.tuple(prefix, version).map((parts) => parts.join('')),
);

test('tags are versions by their whole name, and their order is total', async () => {
  await hold(
    fc.property(fc.array(tag, { maxLength: 8 }), prefix, fc.boolean(), (names, start, prereleases) => {
      const found = versionTags(names, start, prereleases);
      for (const { name, version: parsed } of found) {
        expect(names).toContain(name);
        expect(name.startsWith(start)).toBe(true);
        expect(parsed.compare(parseVersion(name, start) ?? '0.0.0')).toBe(0);
      }
      for (const [index, { version: higher }] of found.slice(0, -1).entries()) {
        expect(higher.compare(found[index + 1]?.version ?? '')).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test('the previous tag is one of the tags, and never the deployed one', async () => {
  await hold(
    fc.asyncProperty(fc.array(tag, { maxLength: 6 }), prefix, tag, async (names, tagPrefix, deployed) => {
      const { previous } = await findPreviousTag(
        {
          tags: async () => names,
          relation: async () => 'before',
          isAncestor: async () => true,
        } as unknown as Parameters<typeof findPreviousTag>[0],
        { tagPrefix, version: deployed, commit: 'HEAD' },
      );
      if (previous !== undefined) expect(names).toContain(previous);
      if (parseVersion(deployed, tagPrefix) && names.includes(deployed)) expect(previous).not.toBe(deployed);
    }),
  );
});

test('a version is text, whatever the event says', async () => {
  await hold(
    fc.property(fc.dictionary(fc.constantFrom('eventName', 'ref', 'refType', 'sha'), text), tag, (event, name) => {
      const from = { eventName: undefined, ref: undefined, refType: undefined, sha: undefined, ...event };
      expect(typeof defaultVersion({ ...from, payload: { release: { tag_name: name } } }, undefined)).toBe('string');
    }),
  );
});

test('what Lambda is given as tags it takes, and knows again as ours and nobody else’s', async () => {
  const identity = fc.record({ project: text, environment: text, repository: text });
  await hold(
    fc.property(identity, text, fc.dictionary(key, text), (who, task, own) => {
      const tags = identityTags(who, task, own);
      for (const value of Object.values(tags)) {
        expect(value).toMatch(/^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u);
        expect(value.length).toBeLessThanOrEqual(256);
      }
      expect(foreignTags(tags, who, task)).toEqual([]);
      orActionError(() => assertOurs('f', own, who, task));
    }),
  );
});

test('what is recorded about the code is read again, and nothing else', async () => {
  await hold(
    fc.property(fc.dictionary(key, text), (tags) => {
      const code = recordedCode(tags);
      if (code !== undefined) expect([typeof code.digest, typeof code.codeSha256]).toEqual(['string', 'string']);
      const written = { digest: 'a'.repeat(64), codeSha256: 'b=' };
      expect(recordedCode({ ...tags, ...codeTags(written, undefined) })).toEqual(written);
    }),
  );
});

test('names of functions and keys of objects are safe, and different names stay different', async () => {
  const name = fc.oneof(text, fc.constantFrom('.', '..', 'a/b', 'a%2Fb', '')).filter((each) => !/\p{Cs}/u.test(each));
  await hold(
    fc.property(name, name, (one, other) => {
      expect(functionName(one, other, one)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(keySegment(one)).toMatch(/^(?!\.{1,2}$)[A-Za-z0-9._%-]*$/);
      if (one !== other) expect(keySegment(one)).not.toBe(keySegment(other));
      expect(stateKeys(one, other).prefix.split('/')).toHaveLength(5);
    }),
  );
});
