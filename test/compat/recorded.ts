import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { baseLayout } from '../../scripts/bases.ts';
import { layoutRoot } from '../../scripts/bases/layout.ts';
import { fixturePath, projectFolder } from '../../scripts/fixtures.ts';

/*
 * What BuildKit made of a case is kept in the fixtures folder: the same case, harness, BuildKit, bases and kernel give
 * the same answer, so only a new or changed case is built by a real buildkitd again. An answer that polyarch does
 * not agree with is never taken from here: it is asked for anew.
 */

/** Everything but the case that an answer depends on. */
const sources = [
  'test/peers/go.sum',
  'scripts/buildkitd.ts',
  'scripts/emulated-namespace.ts',
  'test/support/tar-members.ts',
  ...readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !/(?:\.test|-cases|differences|recorded)\.ts$/.test(name))
    .map((name) => join('test/compat', name)),
];

/** How many sets of answers are kept: other versions of the harness, other checkouts. */
const KEPT = 3;

export interface Recorded {
  /** The answer to a question, `ask`ed for when it was not before; `fresh` asks anyway. */
  answer<T>(question: unknown, how: { ask: () => Promise<T>; fresh?: boolean }): Promise<T>;
}

/** The answers of BuildKit over these stand-in bases. */
export function openRecorded(...bases: readonly string[]): Recorded {
  const hash = createHash('sha256').update(release());
  for (const name of sources) hash.update(readFileSync(join(projectFolder, name)));
  for (const name of bases) hash.update(layoutRoot(baseLayout(name))?.digest ?? 'none');
  const all = fixturePath('buildkit-answers');
  const folder = join(all, hash.digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true });
  utimesSync(folder, new Date(), new Date());
  const byAge = readdirSync(all)
    .map((name) => ({ path: join(all, name), used: statSync(join(all, name)).mtimeMs }))
    .toSorted((a, b) => b.used - a.used);
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
  return {
    answer: async (question, { ask, fresh = false }) => {
      const file = join(folder, createHash('sha256').update(JSON.stringify(question)).digest('hex'));
      const known = fresh ? undefined : read(file);
      // Written below by the same question's `ask`.
      if (known !== undefined) return JSON.parse(zstdDecompressSync(known).toString());
      const answer = await ask();
      const part = `${file}.${process.pid}`;
      writeFileSync(part, zstdCompressSync(JSON.stringify(answer)));
      renameSync(part, file);
      return answer;
    },
  };
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
