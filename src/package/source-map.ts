import path from 'node:path';
import { relativePosix } from './resolve.ts';

/** A source map whose `sources` are relative to `boundary`, so that they can be shown to people. */
export function portableMap(json: string, bundle: string, boundary: string): string {
  const map = JSON.parse(json) as { sources: string[]; sourceRoot?: string };
  const sources = map.sources.map((source) => relativePosix(boundary, path.resolve(path.dirname(bundle), source)));
  return JSON.stringify({ ...map, sources });
}
