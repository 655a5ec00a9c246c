/*
 * Reads every file below a folder as a Dockerfile, and prints how many there are, how many fail and why:
 * `node scripts/start.mjs scripts/parse-dockerfiles.ts FOLDER`. What is read is printed and read again, to the same
 * instructions. Exits with 1 when anything fails.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDockerfile } from '../src/dockerfile/parse.ts';
import { PolyarchError, messageOf } from '../src/util/error.ts';
import { meaningOf, printDockerfile } from '../test/support/print-dockerfile.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name a folder of Dockerfiles');
const failures = new Map<string, string[]>();
let files = 0;
let slowest = { name: '', ms: 0 };
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const name = join(entry.parentPath, entry.name);
  files++;
  const start = performance.now();
  try {
    const file = parseDockerfile(readFileSync(name), { filename: name });
    const again = parseDockerfile(printDockerfile(file), { filename: name });
    if (meaningOf(again) !== meaningOf(file)) throw new Error(`${name}: printed, it reads otherwise`);
  } catch (error) {
    const code = error instanceof PolyarchError ? error.code : 'OTHER';
    failures.set(code, [...(failures.get(code) ?? []), messageOf(error)]);
  }
  const ms = performance.now() - start;
  if (ms > slowest.ms) slowest = { name, ms };
}
for (const [code, messages] of failures) process.stdout.write(`${code}:\n  ${messages.join('\n  ')}\n`);
const failed = [...failures.values()].flat().length;
process.stdout.write(
  `${files} files, ${failed} fail; the slowest took ${slowest.ms.toFixed(1)} ms (${slowest.name})\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
