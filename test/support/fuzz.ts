/**
 * How much a property is tried. The suite tries `runs` texts, the same each time; with POLYARCH_FUZZ_RUNS=200000 it
 * searches on, each time elsewhere. A failure prints its seed and path; POLYARCH_FUZZ_SEED tries that seed again.
 */
export function fuzz(runs: number): { numRuns: number; seed?: number } {
  const { POLYARCH_FUZZ_RUNS: many, POLYARCH_FUZZ_SEED: seed } = process.env;
  if (seed !== undefined) return { numRuns: Number(many ?? runs), seed: Number(seed) };
  return many === undefined ? { numRuns: runs, seed: 1 } : { numRuns: Number(many) };
}

/** The result, when it came within a second of the processor: nothing that a file holds may take longer. */
export function inTime<T>(work: () => T): T {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  if (took > 1000) throw new Error(`took ${Math.round(took)} ms`);
  return result;
}
