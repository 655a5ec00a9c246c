import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBases } from './bases.ts';
import { fixturePath, projectFolder } from './fixtures.ts';
import { goDistribution } from './go-distribution.ts';
import { run } from './process.ts';
import { makeStandIn } from './stand-in.ts';
import type { ProofCase } from './prove-packs/case.ts';
import { CASES } from './prove-packs/cases.ts';
import { SOURCES } from './prove-packs/sources.ts';
import { treeOf } from './prove-packs/tree.ts';

/*
 * Proves pairs of tools (src/emulation/pairs.ts): every case of prove-packs/cases.ts is built emulated and accelerated, and
 * what it wrote must be the same, with modes, owners and links. Names as arguments choose cases; `NAME@linux/arm64` one platform.
 */
const polyarch = join(projectFolder, 'bin/polyarch');
const home = process.env['POLYARCH_HOME'] ?? fixturePath('proof-store');

async function main(): Promise<void> {
  const chosen = process.argv.slice(2);
  const host = await ensureBases(['debian', 'debian-trixie'], { log: (line) => console.error(line) });
  const env = { ...process.env, POLYARCH_HOME: home, POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${host}` };
  let failed = 0;
  for (const one of CASES) {
    for (const platform of one.platforms) {
      const names = [one.name, `${one.name}@${platform}`];
      if (chosen.length > 0 && !names.some((name) => chosen.includes(name))) continue;
      if (one.base.endsWith('-stand-in')) await makeStandIn(one.base, { platforms: [platform], env });
      if (!(await prove(one, platform, env))) failed++;
    }
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

async function prove(one: ProofCase, platform: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'prove-'));
  try {
    const context = join(folder, 'context');
    mkdirSync(join(context, 'files'), { recursive: true });
    for (const [name, bytes] of Object.entries(SOURCES)) writeFileSync(join(context, 'files', name), bytes);
    writeFileSync(join(context, 'step'), one.step);
    if (one.go !== undefined) {
      const from = await goDistribution(one.go, platform.split('/')[1] ?? '');
      cpSync(from, join(context, 'go'), { recursive: true });
    }
    const dockerfile = [
      `FROM ${platform === 'linux/riscv64' ? one.base.replace('bookworm', 'trixie') : one.base} AS work`,
      ...(one.setup === undefined ? [] : [`RUN DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; ${one.setup}`]),
      ...(one.go === undefined ? [] : ['COPY go /usr/local/go', 'ENV PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local']),
      'ARG RUN EMULATE',
      ...(one.whole === true ? [] : ['WORKDIR /work', 'COPY files/ /work/', 'COPY step /step', 'RUN mkdir /out']),
      one.whole === true ? `RUN ${one.step}` : 'RUN export EMULATE $EMULATE; sh /step || true',
      ...(one.whole === true ? [] : ['FROM scratch', 'COPY --from=work /out /']),
    ];
    writeFileSync(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    // First, so that the setup is accelerated too; its result is in the cache then.
    const exact = await build('exact', one, { platform, folder, context, env });
    const off = await build('off', one, { platform, folder, context, env });
    const differences = [...new Set([...off.tree.keys(), ...exact.tree.keys()])].filter(
      (path) => off.tree.get(path) !== exact.tree.get(path),
    );
    const wanted = [...one.native, ...(platform.startsWith('linux/arm/') ? [] : (one.native64 ?? []))];
    const missing = wanted.filter((tool) => !exact.native.includes(tool));
    const ok = differences.length === 0 && missing.length === 0 && off.tree.size > 0;
    const ratio = (off.seconds / exact.seconds).toFixed(1);
    console.log(
      `${ok ? 'same' : 'DIFFERENT'}  ${one.name} ${platform}: ${off.tree.size} files; ${off.seconds.toFixed(1)} s → ${exact.seconds.toFixed(1)} s (${ratio} times)`,
    );
    console.log(`      ran native: ${exact.native.join(' ')}`);
    for (const tool of missing) console.log(`      ${tool} did not run native`);
    for (const path of differences.slice(0, 40))
      console.log(`      ${path}: ${off.tree.get(path) ?? 'nothing'} → ${exact.tree.get(path) ?? 'nothing'}`);
    const kept = process.env['PROVE_KEEP'];
    if (!ok && kept !== undefined)
      await run(['cp', '-a', folder, join(kept, `${one.name}-${platform.replaceAll('/', '-')}`)]);
    return ok;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Built {
  readonly tree: ReadonlyMap<string, string>;
  /** Of the step that is compared. */
  readonly seconds: number;
  readonly native: readonly string[];
}

async function build(
  accel: 'off' | 'exact',
  one: ProofCase,
  at: { platform: string; folder: string; context: string; env: NodeJS.ProcessEnv },
): Promise<Built> {
  const out = join(at.folder, accel);
  const words = [
    'build',
    '--progress',
    'plain',
    '--platform',
    at.platform,
    '--accel',
    one.emulate === undefined ? accel : 'exact',
    '-o',
    out,
    '--build-arg',
    `RUN=${accel}-${Date.now()}`,
    ...(one.emulate === undefined || accel === 'exact' ? [] : ['--build-arg', `EMULATE=${one.emulate}`]),
  ];
  const { stderr } = await run([polyarch, ...words, at.context], { env: at.env });
  const step = /^#(\d+) .* RUN (?:export EMULATE|apt-get)/m.exec(stderr)?.[1] ?? '';
  const seconds = Number(new RegExp(`^#${step} DONE ([\\d.]+)s`, 'm').exec(stderr)?.[1] ?? Number.NaN);
  const line = new RegExp(`^#${step} [\\d.]+ ran native: (.*)$`, 'm').exec(stderr)?.[1] ?? '';
  const making = new RegExp(`^#${step} .*made the pack .* in ([\\d.]+) s`, 'm').exec(stderr)?.[1];
  const native = line.split(/, | and /).map((word) => word.replace(/ ×\d+$/, ''));
  return {
    tree: treeOf(out, one.whole === true ? VOLATILE : undefined),
    seconds: seconds - Number(making ?? 0),
    native,
  };
}

/** Logs and caches: their bytes depend on the time, or on the order of a hash table. */
const VOLATILE = /^(var\/log|var\/cache|var\/lib\/apt\/lists|tmp|run|etc\/ld\.so\.cache|etc\/machine-id)(\/|$)/;

await main();
