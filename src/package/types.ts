import type { ProjectTask } from '../project/types.ts';

/** One file of a package as it lies in the zip. */
export interface PackageFile {
  /** Path in the zip, with `/`. */
  name: string;
  /** Bytes before compression. */
  size: number;
}

/** One task, ready to be uploaded. */
export interface Package {
  task: ProjectTask;
  /** The whole zip. */
  zip: Buffer;
  /** SHA-256 over names, modes and contents of the files, hex; independent of compression. */
  digest: string;
  /** Base64 SHA-256 of the zip: what Lambda calls CodeSha256. */
  codeSha256: string;
  files: PackageFile[];
  /** The source files esbuild read, relative to the project, with the bytes each contributes; largest first. */
  inputs: PackageFile[];
  /** Sum of the unzipped sizes in bytes. */
  unzippedBytes: number;
}
