import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { LocalTiming } from '../index.ts';
import { configuration, functionArn } from './answers.ts';
import type { CodeStore } from './code.ts';
import {
  type FunctionRecord,
  isPending,
  isUpdating,
  LATEST,
  revisionId,
  type Settings,
  type VersionRecord,
} from './records.ts';
import type { FunctionFile, FunctionStore } from './store.ts';
import {
  architectures,
  type Body,
  changedSettings,
  invalidParameter,
  newSettings,
  validateName,
  validateTags,
} from './validation.ts';

/** Which function a request is about. */
export interface FunctionRef {
  region: string;
  name: string;
  qualifier?: string | undefined;
}

export interface FunctionsOptions {
  account: string;
  store: FunctionStore;
  code: CodeStore;
  timing: LocalTiming;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The control plane: operations on functions and versions, with the states and conflicts that Lambda has. */
export class Functions {
  readonly #account: string;
  readonly #store: FunctionStore;
  readonly #code: CodeStore;
  readonly #timing: LocalTiming;
  readonly #now: () => number;

  constructor(options: FunctionsOptions) {
    this.#account = options.account;
    this.#store = options.store;
    this.#code = options.code;
    this.#timing = options.timing;
    this.#now = options.now;
  }

  async create(region: string, body: Body) {
    const name = validateName(String(body.FunctionName ?? ''));
    const settings = newSettings(body);
    const tags = validateTags((body.Tags ?? {}) as Record<string, string>);
    const code = await this.#code.add((body.Code ?? {}) as Body);
    return this.#store.update(region, name, (file) => {
      if (file.function !== null)
        throw new AwsError(409, 'ResourceConflictException', `Function already exist: ${name}`);
      const now = this.#now();
      const latest = this.#change(LATEST, settings, { codeSha256: code.sha256, codeSize: code.size }, 'create', now);
      const record: FunctionRecord = { name, region, tags, latest, versions: [] };
      file.function = record;
      const answered = body.Publish === true ? this.#publish(file, record, now) : latest;
      return configuration(this.#account, record, answered, now);
    });
  }

  async get(ref: FunctionRef) {
    const { record, version } = await this.find(ref);
    const tagged = ref.qualifier === undefined && Object.keys(record.tags).length > 0;
    return {
      Configuration: configuration(this.#account, record, version, this.#now(), ref.qualifier !== undefined),
      Code: { RepositoryType: 'S3', Location: this.#code.location(version.codeSha256, ref.region) },
      ...(tagged ? { Tags: record.tags } : {}),
    };
  }

  async getConfiguration(ref: FunctionRef) {
    const { record, version } = await this.find(ref);
    return configuration(this.#account, record, version, this.#now(), ref.qualifier !== undefined);
  }

  async updateCode(ref: FunctionRef, body: Body) {
    const { Publish, DryRun, RevisionId, Architectures, ...source } = body;
    await this.find(ref);
    const code = await this.#code.add(source);
    return this.#update(ref, RevisionId, (record, file, now) => {
      const settings = {
        ...record.latest.settings,
        Architectures: architectures(Architectures) ?? record.latest.settings.Architectures,
      };
      const latest = this.#change(LATEST, settings, { codeSha256: code.sha256, codeSize: code.size }, 'update', now);
      if (DryRun === true) return configuration(this.#account, record, latest, now);
      record.before = record.latest;
      record.latest = latest;
      const answered = Publish === true ? this.#publish(file, record, now) : latest;
      return configuration(this.#account, record, answered, now);
    });
  }

  async updateConfiguration(ref: FunctionRef, body: Body) {
    return this.#update(ref, body.RevisionId, (record, _file, now) => {
      const settings = changedSettings(record.latest.settings, body);
      record.before = record.latest;
      record.latest = this.#change(LATEST, settings, record.latest, 'update', now);
      return configuration(this.#account, record, record.latest, now);
    });
  }

  async publishVersion(ref: FunctionRef, body: Body) {
    return this.#update(ref, body.RevisionId, (record, file, now) => {
      const { codeSha256 } = record.latest;
      if (body.CodeSha256 != null && body.CodeSha256 !== codeSha256) {
        throw invalidParameter(
          `CodeSHA256 (${body.CodeSha256}) is different from current CodeSHA256 in $LATEST (${codeSha256}). ` +
            'Please try again with the CodeSHA256 in $LATEST.',
        );
      }
      const description = typeof body.Description === 'string' ? body.Description : undefined;
      return configuration(this.#account, record, this.#publish(file, record, now, description), now);
    });
  }

  async listVersions(ref: FunctionRef, query: URLSearchParams) {
    const { record } = await this.find(ref);
    const { items, NextMarker } = page([record.latest, ...record.versions], query);
    const now = this.#now();
    return { Versions: items.map((version) => configuration(this.#account, record, version, now, true)), NextMarker };
  }

  async list(region: string, query: URLSearchParams) {
    const records = await this.#store.list(region);
    const all = records.flatMap((record) => {
      const versions = query.get('FunctionVersion') === 'ALL' ? [record.latest, ...record.versions] : [record.latest];
      return versions.map((version) => configuration(this.#account, record, version, this.#now()));
    });
    const { items, NextMarker } = page(all, query);
    return { Functions: items, NextMarker };
  }

  async delete(ref: FunctionRef): Promise<void> {
    await this.#store.update(ref.region, ref.name, (file) => {
      const record = this.#existing(file, ref);
      if (ref.qualifier === undefined) {
        file.function = null;
        return;
      }
      if (ref.qualifier === LATEST)
        throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
      this.#version(record, ref);
      record.versions = record.versions.filter((version) => version.version !== ref.qualifier);
    });
  }

  async tags(ref: FunctionRef): Promise<Record<string, string>> {
    this.#refuseQualifier(ref);
    return (await this.find(ref)).record.tags;
  }

  async changeTags(ref: FunctionRef, change: (tags: Record<string, string>) => Record<string, string>): Promise<void> {
    this.#refuseQualifier(ref);
    await this.#update(ref, undefined, (record) => {
      record.tags = validateTags(change(record.tags));
    });
  }

  /** Lets the last change take so many milliseconds longer, with the version that was published from it. */
  async prolong(ref: FunctionRef, milliseconds: number): Promise<void> {
    await this.#store.update(ref.region, ref.name, ({ function: record }) => {
      if (record === null) return;
      const { latest, versions } = record;
      const newest = versions.filter(({ readyAt }) => readyAt >= latest.readyAt).at(-1);
      const until = this.#now() + milliseconds;
      for (const version of newest ? [latest, newest] : [latest]) version.readyAt = Math.max(version.readyAt, until);
    });
  }

  /** The function and the version a qualifier names; `$LATEST` without one. */
  async find(ref: FunctionRef): Promise<{ record: FunctionRecord; version: VersionRecord }> {
    const record = await this.#store.get(ref.region, ref.name);
    if (record === undefined) throw this.#notFound(ref);
    return { record, version: this.#version(record, ref) };
  }

  #refuseQualifier(ref: FunctionRef): void {
    if (ref.qualifier === undefined) return;
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify either a function ARN.',
    );
  }

  #version(record: FunctionRecord, ref: FunctionRef): VersionRecord {
    if (ref.qualifier === undefined || ref.qualifier === LATEST) return record.latest;
    const version = record.versions.find(({ version }) => version === ref.qualifier);
    if (version === undefined) throw this.#notFound(ref);
    return version;
  }

  #existing(file: FunctionFile, ref: FunctionRef): FunctionRecord {
    if (file.function === null) throw this.#notFound(ref);
    return file.function;
  }

  #notFound({ region, name, qualifier }: FunctionRef): AwsError {
    const arn = functionArn(this.#account, region, name) + (qualifier === undefined ? '' : `:${qualifier}`);
    return new AwsError(404, 'ResourceNotFoundException', `Function not found: ${arn}`);
  }

  /** A change of an existing function: refused while another one goes on, and when the caller saw an older revision. */
  #update<T>(
    ref: FunctionRef,
    expected: unknown,
    change: (record: FunctionRecord, file: FunctionFile, now: number) => T,
  ): Promise<T> {
    return this.#store.update(ref.region, ref.name, (file) => {
      const record = this.#existing(file, ref);
      const now = this.#now();
      this.#refuseWhileChanging(record, now);
      if (expected != null && expected !== revisionId(record.latest, now)) {
        const message =
          'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId';
        throw new AwsError(412, 'PreconditionFailedException', message);
      }
      return change(record, file, now);
    });
  }

  #refuseWhileChanging(record: FunctionRecord, now: number): void {
    const arn = functionArn(this.#account, record.region, record.name);
    if (isPending(record.latest, now)) throw pendingConflict();
    if (isUpdating(record.latest, now)) {
      const message = `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`;
      throw new AwsError(409, 'ResourceConflictException', message);
    }
  }

  #change(
    version: string,
    settings: Settings,
    { codeSha256, codeSize }: Pick<VersionRecord, 'codeSha256' | 'codeSize'>,
    change: VersionRecord['change'],
    now: number,
  ): VersionRecord {
    const readyAt = now + (change === 'create' ? this.#timing.pendingMs : this.#timing.updateMs);
    const lastModified = `${new Date(now).toISOString().slice(0, -1)}+0000`;
    const revisions = { changing: randomUUID(), complete: randomUUID() };
    return { version, settings, codeSha256, codeSize, lastModified, readyAt, change, revisions };
  }

  /** Makes `$LATEST` a version, unless it is what the last version is already. A new one is Pending for a while. */
  #publish(file: FunctionFile, record: FunctionRecord, now: number, description?: string): VersionRecord {
    const last = record.versions.at(-1);
    if (last !== undefined && isSame(last, record.latest)) return last;
    const { settings, ...latest } = record.latest;
    const described = description === undefined ? settings : { ...settings, Description: description };
    const published = this.#change(String(file.nextVersion), described, latest, 'create', now);
    published.readyAt = Math.max(record.latest.readyAt, now + this.#timing.updateMs);
    file.nextVersion += 1;
    record.versions.push(published);
    return published;
  }
}

export function pendingConflict(): AwsError {
  const message =
    'The operation cannot be performed at this time. The function is currently in the following state: Pending';
  return new AwsError(409, 'ResourceConflictException', message);
}

/** Same code and same settings; a version may have a description of its own. */
function isSame(one: VersionRecord, other: VersionRecord): boolean {
  const settings = ({ settings: { Description: _, ...rest } }: VersionRecord): string =>
    JSON.stringify(Object.entries(rest).sort());
  return one.codeSha256 === other.codeSha256 && settings(one) === settings(other);
}

const PAGE_SIZE = 50;

function page<T>(all: readonly T[], query: URLSearchParams): { items: T[]; NextMarker?: string } {
  const start = Number(query.get('Marker') ?? 0);
  const size = Math.min(Number(query.get('MaxItems') ?? PAGE_SIZE), PAGE_SIZE);
  const items = all.slice(start, start + size);
  const end = start + items.length;
  return end < all.length ? { items, NextMarker: String(end) } : { items };
}
