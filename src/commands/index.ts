import type { Command } from '../input-table.ts';
import type { Report } from '../report/types.ts';
import { deploy } from './deploy.ts';
import { destroy } from './destroy.ts';
import { packageCommand } from './package.ts';
import { plan } from './plan.ts';
import { policy } from './policy.ts';
import { run } from './run.ts';
import type { Session } from './session.ts';

/** A command fills the report as it goes, so that what was done is known also when it throws. */
export const commands: Record<Command, (session: Session, report: Report) => Promise<void>> = {
  deploy,
  plan,
  package: packageCommand,
  run,
  destroy,
  policy,
};
