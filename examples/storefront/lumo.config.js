// Where the tasks find the database. In AWS this comes from a secret of the workflow, `npm start` of this repository sets
// it to the PostgreSQL it has started.
const database = { DATABASE_URL: process.env.DATABASE_URL ?? '' };

export default {
  projectName: 'storefront',
  provider: 'aws',
  region: 'eu-central-1',

  // Tasks run in this order; `needs` says which ones depend on which.
  tasks: {
    'run-migrations': {
      timeout: 300,
      env: database,
      copyAssets: [{ from: 'migrations', to: 'migrations' }],
    },
    'seed-database': {
      timeout: 120,
      runOn: ['deploy'],
      needs: ['run-migrations'],
      env: database,
      copyAssets: [{ from: 'seed-data', to: 'seed-data' }],
    },
    'process-assets': {
      timeout: 120,
      needs: ['run-migrations'],
      env: database,
      copyAssets: [{ from: 'assets', to: 'assets' }],
    },
    'warm-cache': {
      timeout: 60,
      needs: ['seed-database', 'process-assets'],
      env: database,
    },
  },
};
