export * from './types/sdk/core/index.js';
