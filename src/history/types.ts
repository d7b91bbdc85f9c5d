import type { Phase } from '../project/types.ts';

export type HistorySource = 'input' | 'marker' | 'progress' | 'tag' | 'none';

/** The answer to "is this the first deployment, and what was there before". */
export interface History {
  phase: Phase;
  isFirstDeploy: boolean;
  previousVersion: string | undefined;
  /** `progress` is reported as the source the unfinished deployment of the same run had taken. */
  source: 'input' | 'marker' | 'tag' | 'none';
  /** One sentence for log and summary: where the answer comes from. */
  explanation: string;
}
