import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts'], testTimeout: 60_000 },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/*.test.ts', '**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
    pool: 'forks',
    // Files share their worker's modules: loading them anew for each costs more than most tests.
    isolate: false,
    // One more than the processors of the machine it is made for: some tests wait for clocks and servers.
    maxWorkers: 3,
    // Skips say why on standard error, once, with their test's name.
    silent: false,
  },
});
