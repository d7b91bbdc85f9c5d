import type { Package } from '../package/types.ts';
import type { FunctionChange } from '../report/types.ts';
import type { ExistingFunction } from './inspect.ts';
import { compareSettings, type FunctionSettings, type SettingsChange } from './settings.ts';
import { type RecordedCode, recordedCode, recordedInputs, type Tags } from './tags.ts';
import { failureReason, functionState } from './wait.ts';

/** What is wanted of one function. */
export interface WantedFunction {
  settings: FunctionSettings;
  /** Identity and the user's own. */
  tags: Tags;
  /** The value of `lumo:inputs`; `undefined`: not known, so the package itself is compared. */
  inputs: string | undefined;
}

/** What has to be done to one function, and why. */
export interface Decision {
  action: Extract<FunctionChange['action'], 'create' | 'update' | 'unchanged'>;
  reasons: string[];
  /** A function whose creation failed can only be deleted. */
  recreate: boolean;
  /** Parameters of UpdateFunctionConfiguration, or `undefined` when the configuration stays. */
  configuration: SettingsChange['parameters'] | undefined;
  uploadCode: boolean;
  /** False when only tags change: the published version stays the one to invoke. */
  newVersion: boolean;
}

/** True when nothing can be said about the function without its package. */
export function needsPackage(existing: ExistingFunction | undefined, wanted: WantedFunction): boolean {
  if (!existing || functionState(existing.configuration) === 'failed') return true;
  const recorded = recordedCode(existing.tags);
  return (
    wanted.inputs === undefined ||
    recordedInputs(existing.tags) !== wanted.inputs ||
    recorded?.codeSha256 !== existing.configuration.CodeSha256 ||
    compareSettings(existing.configuration, wanted.settings).architecture
  );
}

/** `pkg` may be missing only when `needsPackage` said so. */
export function decide(
  existing: ExistingFunction | undefined,
  wanted: WantedFunction,
  pkg: Package | undefined,
): Decision {
  if (!existing) return create(['does not exist yet'], false);
  const { configuration, tags } = existing;
  if (configuration.State === 'Failed') {
    return create([`its creation had failed: ${failureReason(configuration)}`], true);
  }
  const failed =
    configuration.LastUpdateStatus === 'Failed' ? [`its last update had failed: ${failureReason(configuration)}`] : [];
  const settings = compareSettings(configuration, wanted.settings);
  const code = codeReasons(configuration.CodeSha256, recordedCode(tags), pkg);
  const retagged = Object.keys(wanted.tags)
    .filter((name) => tags[name] !== wanted.tags[name])
    .map((name) => `tag ${name} ${tags[name] === undefined ? 'added' : 'changed'}`);

  const newVersion = failed.length + settings.reasons.length + code.length > 0;
  const reasons = [...failed, ...code, ...settings.reasons, ...retagged];
  const all = failed.length > 0 ? compareSettings({ FunctionName: existing.name }, wanted.settings).parameters : {};
  const parameters = { ...all, ...settings.parameters };
  return {
    action: reasons.length > 0 ? 'update' : 'unchanged',
    reasons,
    recreate: false,
    configuration: Object.keys(parameters).length > 0 ? parameters : undefined,
    // Code that is there already, because the last deployment ended right after its upload, is not sent again.
    uploadCode:
      failed.length > 0 || settings.architecture || (code.length > 0 && pkg?.codeSha256 !== configuration.CodeSha256),
    newVersion,
  };
}

function create(reasons: string[], recreate: boolean): Decision {
  return { action: 'create', reasons, recreate, configuration: undefined, uploadCode: true, newVersion: true };
}

/** Equal contents are equal code, also when another zlib packed them into other bytes. */
function codeReasons(
  actual: string | undefined,
  recorded: RecordedCode | undefined,
  pkg: Package | undefined,
): string[] {
  if (pkg && pkg.digest !== recorded?.digest) return ['code changed'];
  return actual === recorded?.codeSha256 ? [] : ['code was changed by somebody else'];
}
