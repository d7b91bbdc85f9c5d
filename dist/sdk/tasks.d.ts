export * from './types/sdk/tasks/index.js';
