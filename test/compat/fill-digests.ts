import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseLayout } from '../../scripts/bases.ts';
import { layoutRoot } from '../../scripts/bases/layout.ts';

/** Puts digests of a stand-in base: of its index for `{{digest:busybox}}`, of one manifest for `{{digest:busybox/arm64}}`. */
export function fillDigests(text: string): string {
  return text.replaceAll(/\{\{digest:(\w+)(?:\/(\w+))?\}\}/g, (all, base: string, architecture?: string) =>
    architecture === undefined ? indexOf(base) : (manifestOf(base, architecture) ?? all),
  );
}

function indexOf(base: string): string {
  const digest = layoutRoot(baseLayout(base))?.digest;
  if (digest === undefined) throw new Error(`the base ${base} is not made`);
  return digest;
}

function manifestOf(base: string, architecture: string): string | undefined {
  const blob = join(baseLayout(base), 'blobs', indexOf(base).replace(':', '/'));
  const { manifests } = JSON.parse(readFileSync(blob, 'utf8')) as {
    manifests: { digest: string; platform?: { architecture: string } }[];
  };
  return manifests.find(({ platform }) => platform?.architecture === architecture)?.digest;
}
