import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseDefinition, BuiltContent } from './bases/base.ts';
import { alpine, busybox } from './bases/busybox.ts';
import { debian, trixie } from './bases/debian.ts';
import { compilersTrixie, golang, golangCgo, golangTrixie } from './bases/golang.ts';
import { layoutRoot, writeImageLayout } from './bases/layout.ts';
import { pushLayout } from './bases/push.ts';
import { fixturePath, projectFolder } from './fixtures.ts';
import { run } from './process.ts';
import { ensureFixtureRegistry } from './registry.ts';
import { lock } from '../src/util/lock.ts';

/** Every stand-in by its short name. */
const bases: Readonly<Record<string, BaseDefinition>> = {
  busybox,
  alpine,
  debian,
  'debian-trixie': trixie,
  golang,
  'golang-trixie': golangTrixie,
  'golang-cgo': golangCgo,
  'compilers-trixie': compilersTrixie,
};

/** The bases that another is made from, and so are made before it. */
const below: Readonly<Record<string, readonly string[]>> = {
  golang: ['debian'],
  'golang-trixie': ['debian-trixie'],
  'golang-cgo': ['debian', 'golang'],
};

export const baseNames: readonly string[] = Object.keys(bases);

/** The OCI layout folder of a base that was made; its reference names are the tags. */
export function baseLayout(name: string): string {
  return fixturePath('bases', name);
}

/**
 * Makes the bases that are not there or whose packages changed, and pushes them to the fixture registry.
 * Gives the registry's host, the mirror to use for docker.io.
 */
export async function ensureBases(
  names: readonly string[],
  options: { log?: (line: string) => void } = {},
): Promise<string> {
  const { host } = await ensureFixtureRegistry();
  const all = new Set(names.flatMap((name) => [...(below[name] ?? []), name]));
  for (const name of all) {
    const base = bases[name];
    if (base === undefined) throw new Error(`no base ${name}; there are ${baseNames.join(', ')}`);
    await ensureBase(name, { base, host, log: options.log ?? (() => undefined) });
  }
  return host;
}

async function ensureBase(
  name: string,
  options: { base: BaseDefinition; host: string; log: (line: string) => void },
): Promise<void> {
  const { base, host, log } = options;
  const layout = baseLayout(name);
  using _held = await lock(`${layout}.lock`);
  const began = Date.now();
  const content = await base.content();
  const key = createHash('sha256').update(content.key).digest('hex');
  const keyFile = `${layout}.key`;
  if (!existsSync(keyFile) || readFileSync(keyFile, 'utf8') !== key || layoutRoot(layout) === undefined) {
    log(`${name}: making ${base.repository}:${base.tags.join(', ')}`);
    mkdirSync(fixturePath('bases'), { recursive: true });
    const work = mkdtempSync(join(tmpdir(), `polyarch-base-${name}-`));
    try {
      if (content.kind === 'packed')
        await writeImageLayout(layout, { images: await content.makeImages(work), family: content.family });
      else await buildLayout(layout, { content, work, host });
      writeFileSync(keyFile, key);
      log(`${name}: made in ${seconds(began)}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const root = layoutRoot(layout);
  if (root === undefined) throw new Error(`${layout} holds no image`);
  for (const tag of base.tags) await pushLayout(layout, { root, host, repository: base.repository, tag });
}

/** Builds a base with the checkout's own polyarch into an OCI layout, in a store that is thrown away. */
async function buildLayout(
  layout: string,
  options: { content: BuiltContent; work: string; host: string },
): Promise<void> {
  const { content, work, host } = options;
  const context = join(work, 'context');
  mkdirSync(context);
  await content.makeContext(context);
  writeFileSync(join(work, 'Dockerfile'), content.dockerfile);
  const made = join(work, 'layout');
  const output = ['--output', `type=oci,tar=false,dest=${made}`];
  const argv = ['build', '--progress', 'plain', '-f', join(work, 'Dockerfile'), ...output, context];
  const store = join(work, 'store');
  await run([join(projectFolder, 'bin/polyarch'), ...argv, '--platform', content.platforms.join(',')], {
    env: {
      ...process.env,
      POLYARCH_HOME: store,
      POLYARCH_ACCEL: 'off',
      POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${host}`,
    },
  });
  rmSync(layout, { recursive: true, force: true });
  cpSync(made, layout, { recursive: true });
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

if (import.meta.main) {
  const names = process.argv.slice(2);
  const host = await ensureBases(names.length === 0 ? baseNames : names, { log: (line) => console.error(line) });
  console.error(`the bases are in the fixture registry: --registry-mirror docker.io=http://${host}`);
  console.log(host);
}
