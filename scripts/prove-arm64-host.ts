import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { KERNELS, type Kernel, bootArm64 } from './prove-arm64-host/machine.ts';
import { preparePlaces, prepareProofs, readAnswers } from './prove-arm64-host/places.ts';
import { PROOFS } from './prove-arm64-host/proofs.ts';

/*
 * Proves the dispatcher of arm64 hosts on arm64 kernels, Debian's in qemu-system-aarch64: what the tests of the dispatcher ask of
 * this machine is asked there, of Debian's arm64 QEMU with the dispatcher in it and a pack of arm64's busybox. Nothing is
 * installed. Names of kernels' packages as arguments choose among them.
 */
const MINUTES = 20;

const folder = mkdtempSync(join(tmpdir(), 'prove-arm64-'));
const root = join(folder, 'root');
try {
  const packs = await preparePlaces(root);
  prepareProofs(root, PROOFS);
  const chosen = process.argv.slice(2);
  let failed = 0;
  for (const kernel of KERNELS)
    if (chosen.length === 0 || chosen.includes(kernel.package)) failed += await prove(kernel, packs);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Prints what each proof gives; returns how many differ. */
async function prove(which: Kernel, packs: ReadonlyMap<string, string>): Promise<number> {
  const started = performance.now();
  const signal = AbortSignal.timeout(MINUTES * 60_000);
  const { kernel, console: lines } = await bootArm64(which, { folder: join(folder, which.package), root, signal });
  console.log(`${kernel}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const answers = readAnswers(lines, PROOFS);
  let failed = 0;
  for (const { name, place, check } of PROOFS) {
    const answer = answers.get(name);
    const pack = packs.get(place) ?? '';
    const { found, wanted } =
      answer === undefined ? { found: 'no answer', wanted: '' } : check(answer, { answers, pack });
    const ok = isDeepStrictEqual(found, wanted);
    console.log(`${ok ? 'same' : 'DIFFERENT'}  ${name}${Array.isArray(wanted) ? `: ${wanted.length} cases` : ''}`);
    if (ok) continue;
    failed++;
    const each = Array.isArray(found) && Array.isArray(wanted);
    for (const [was, is] of each ? wanted.map((one, at) => [found[at], one]) : [[found, wanted]])
      if (!isDeepStrictEqual(was, is)) console.log(`      ${JSON.stringify(is)} → ${JSON.stringify(was)}`);
  }
  if (answers.size < PROOFS.length) console.log(lines.split('\n').slice(-30).join('\n'));
  return failed;
}
