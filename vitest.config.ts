import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, which begin first: a machine that never ran them does not know. */
const LONGEST = ['test/examples/', 'test/compat/compat', 'test/registries/', 'test/robust/', 'test/registry-cli/'];

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((part) => moduleId.includes(part));
      return found === -1 ? LONGEST.length : found;
    };
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b)));
  }
}

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
    // More than the two processors of the machine it is made for: many tests wait for clocks and servers.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Skips say why on standard error, once, with their test's name.
    silent: false,
  },
});
