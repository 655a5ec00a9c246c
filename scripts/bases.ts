import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseDefinition } from './bases/base.ts';
import { alpine, busybox } from './bases/busybox.ts';
import { layoutReference, writeImageLayout } from './bases/layout.ts';
import { pushLayout } from './bases/push.ts';
import { fixturePath } from './fixtures.ts';
import { ensureFixtureRegistry } from './registry.ts';
import { lock } from '../src/util/lock.ts';

/** Every stand-in by its short name. */
const bases: Readonly<Record<string, BaseDefinition>> = { busybox, alpine };

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
  for (const name of names) {
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
  const key = createHash('sha256')
    .update(JSON.stringify([content.key, base.tags, base.family]))
    .digest('hex');
  const keyFile = `${layout}.key`;
  if (!existsSync(keyFile) || readFileSync(keyFile, 'utf8') !== key) {
    const work = mkdtempSync(join(tmpdir(), `polyarch-base-${name}-`));
    try {
      const images = await content.make(work);
      mkdirSync(fixturePath('bases'), { recursive: true });
      await writeImageLayout(layout, { images, family: base.family, references: base.tags });
      writeFileSync(keyFile, key);
      log(`${name}: made for ${images.map((one) => one.platform).join(', ')} in ${seconds(began)}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  for (const tag of base.tags) {
    const root = layoutReference(layout, tag);
    if (root === undefined) throw new Error(`${layout} holds no ${tag}`);
    await pushLayout(layout, { root, host, repository: base.repository, tag });
  }
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
