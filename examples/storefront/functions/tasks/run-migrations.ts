import { join } from 'node:path';
import type { tasks } from '@lumo-framework/core';
import { withDatabase } from '../../lib/database.ts';
import { applyMigrations, readMigrations } from '../../lib/migrations.ts';

export const run: tasks.TaskHandler = async (ctx) => {
  const { isFirstDeploy, previousVersion, environment } = ctx.deployment;
  if (isFirstDeploy) console.log(`First deployment to ${environment}: creating the schema`);
  else if (previousVersion) console.log(`Updating ${environment} from version ${previousVersion}`);
  else console.log(`Deploying the same version to ${environment} again`);

  const migrations = await readMigrations(join(ctx.workingDirectory, 'migrations'));
  const applied = await withDatabase((client) => applyMigrations(client, migrations));

  return {
    success: true,
    message:
      applied.length === 0
        ? `The schema is up to date (${migrations.length} migrations)`
        : `Applied ${applied.length} of ${migrations.length} migrations`,
    data: { applied, total: migrations.length, environment },
  };
};
