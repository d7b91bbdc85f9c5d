import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['__tests__/**/*.test.ts'],
    // Many tests start processes: generous, because machines are shared and slow ones exist.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
