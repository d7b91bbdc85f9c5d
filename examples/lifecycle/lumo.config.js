export default {
  projectName: 'lifecycle',
  provider: 'aws',
  region: 'eu-central-1',

  // Who hears about failed tasks: see lib/notify.ts.
  taskDefaults: { env: { SLACK_WEBHOOK: process.env.SLACK_WEBHOOK ?? '' } },

  // A task needs no entry. These have one, because there is something to say about them.
  tasks: {
    middleware: {},
    'schema-task': { payload: { currency: 'EUR', prices: [1299, 450] }, needs: ['middleware'] },
    'plain-task': { timeout: 60, retry: { maxAttempts: 2, minTimeoutInMs: 100 } },
  },
};
