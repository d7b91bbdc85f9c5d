import { isBuiltin } from 'node:module';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { Packaging } from './bundle.ts';
import { type EsbuildMessage, esbuildDetails } from './esbuild.ts';
import { isInside } from './resolve.ts';

/** What could not be resolved, as it is written in the source; `undefined` for any other finding. */
export function unresolved({ text }: EsbuildMessage): string | undefined {
  return /^Could not resolve "(.*)"$/.exec(text)?.[1];
}

/** All findings of esbuild as one `TASK_BUNDLE_FAILED`. */
export function bundleError(messages: readonly EsbuildMessage[], packaging: Packaging, ownFolder: string): ActionError {
  const packages = [...new Set(messages.flatMap((message) => missingPackage(message) ?? []))];
  const details = esbuildDetails(
    messages.map((message) => withoutEntry(message, ownFolder)),
    packaging.project.boundary,
  );
  const [only] = details;
  const message =
    details.length === 1 && only ? `The tasks cannot be bundled: ${only.message}` : `The tasks cannot be bundled`;
  return new ActionError('TASK_BUNDLE_FAILED', message, { advice: adviceFor(packages), details });
}

function adviceFor(packages: readonly string[]): string {
  if (packages.length === 0) return 'Correct the named places';
  const listed = packages.map((name) => `'${name}'`).join(', ');
  return `npm install ${packages.join(' ')}, or leave it to the runtime or a layer: external: [${listed}]`;
}

function missingPackage(message: EsbuildMessage): string | undefined {
  const specifier = unresolved(message);
  if (specifier === undefined || /^[./#]|^[A-Za-z]:/.test(specifier) || path.isAbsolute(specifier)) return undefined;
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
  return name && !isBuiltin(name) ? name : undefined;
}

/** A place in our own entry says nothing to the user. */
function withoutEntry(message: EsbuildMessage, ownFolder: string): EsbuildMessage {
  return message.file !== undefined && isInside(ownFolder, message.file) ? { text: message.text } : message;
}
