import { ActionError } from '../errors.ts';
import type { Package } from '../package/types.ts';
import type { ObjectStore } from '../state/types.ts';

/** Lambda takes code up to 50 MB in the request itself. */
export const DIRECT_UPLOAD_LIMIT = 52_428_800;

/** How a request names the code: its bytes, or where in S3 they lie. */
export type CodeLocation = { ZipFile: Uint8Array } | { S3Bucket: string; S3Key: string };

/** Throws `TASK_TOO_LARGE` when there is a package over 50 MB and no bucket to send it through. */
export function assertUploadable(packages: readonly Package[], store: ObjectStore | undefined): void {
  const tooLarge = store ? [] : packages.filter((pkg) => pkg.zip.length > DIRECT_UPLOAD_LIMIT);
  if (tooLarge.length === 0) return;
  throw new ActionError('TASK_TOO_LARGE', 'Code over 50 MB can be uploaded through a bucket only, and there is none', {
    advice: 'Give the input bucket, or make the task smaller: fewer copyAssets, external packages in a layer.',
    details: tooLarge.map((pkg) => ({
      message: `${pkg.task.name}: ${(pkg.zip.length / 1_048_576).toFixed(1)} MB zipped`,
      location: { key: `tasks.${pkg.task.name}` },
    })),
  });
}

/** Puts code over 50 MB into the bucket, once for equal bytes. */
export async function codeLocation(pkg: Package, store: ObjectStore | undefined): Promise<CodeLocation> {
  if (!store || pkg.zip.length <= DIRECT_UPLOAD_LIMIT) return { ZipFile: pkg.zip };
  const key = artifactKey(pkg.codeSha256);
  // "There is one already" is as good as stored: the name is the hash of the bytes.
  if (!(await store.exists(key))) await store.put(key, pkg.zip, { ifNoneMatch: '*' });
  return { S3Bucket: store.bucket, S3Key: key };
}

/** Others can write to the bucket too: what Lambda has fetched from there must be what was packaged here. */
export function assertSameCode(name: string, pkg: Package, location: CodeLocation, actual: string | undefined): void {
  if (!('S3Key' in location) || actual === undefined || actual === pkg.codeSha256) return;
  throw new ActionError('FUNCTION_FAILED', `Function ${name} got other code from ${location.S3Key} than was packaged`, {
    advice: 'Find out who wrote that object, delete it, then deploy again.',
  });
}

export function artifactKey(codeSha256: string): string {
  return `lumo-tasks/artifacts/${Buffer.from(codeSha256, 'base64').toString('hex')}.zip`;
}
