import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath } from '../../scripts/fixtures.ts';
import type { TestEnvironment } from './environment.ts';

/** Gives the environment's store the packs that are kept between runs: only the first one of a day reads the archive. */
export function useKeptPacks(environment: TestEnvironment): void {
  const kept = fixturePath('accel');
  mkdirSync(kept, { recursive: true });
  mkdirSync(environment.home, { recursive: true, mode: 0o700 });
  symlinkSync(kept, join(environment.home, 'accel'));
}
