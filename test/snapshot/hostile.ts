import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarEntry } from '../../src/archive/entry.ts';
import type { TarEntryInit } from '../../src/archive/entry.ts';
import { writeTar } from '../../src/archive/writer.ts';
import { unpackLayer } from '../../src/snapshot/unpack.ts';
import type { UnpackWarning } from '../../src/snapshot/unpack.ts';
import { listTree } from './tree.ts';

/** Small archives for the unpacker: file bodies are their own path. */
export type Member = Omit<TarEntryInit, 'xattrs'> & { readonly attributes?: Readonly<Record<string, string>> };
export type Members = readonly Member[];

export function smallTar(members: Members): AsyncIterable<Buffer> {
  return writeTar(
    members.map(({ attributes, ...entry }) => {
      const body =
        entry.type === 'file' && entry.size === undefined ? Buffer.from(entry.path) : Buffer.alloc(entry.size ?? 0);
      const xattrs = new Map(Object.entries(attributes ?? {}).map(([name, value]) => [name, Buffer.from(value)]));
      return { entry: tarEntry({ ...entry, xattrs, size: entry.type === 'file' ? body.length : 0 }), body };
    }),
  );
}

export interface UnpackReport {
  readonly code?: string;
  readonly message?: string;
  readonly tree: readonly string[];
  readonly warnings: readonly UnpackWarning[];
  /** The files beside the root, which must not change. */
  readonly outside: string;
}

/** Unpacks each archive into a folder of its own, beside a secret. */
export async function unpackEach(
  folder: string,
  archives: Readonly<Record<string, Members>>,
  options: { flattenOwners?: boolean } = {},
): Promise<Record<string, UnpackReport>> {
  const reports: Record<string, UnpackReport> = {};
  for (const [name, members] of Object.entries(archives)) {
    const parent = join(folder, 'case');
    const root = join(parent, 'deep/root');
    rmSync(parent, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const secret of ['secret', 'deep/secret']) writeFileSync(join(parent, secret), 'untouched');
    const warnings: UnpackWarning[] = [];
    let failure = {};
    try {
      await unpackLayer(smallTar(members), root, {
        ...options,
        onWarning: (warning) => warnings.push(warning),
      });
    } catch (error) {
      failure = {
        code: error instanceof Error && 'code' in error ? String(error.code) : 'none',
        message: error instanceof Error ? error.message : '',
      };
    }
    const outside = ['secret', 'deep/secret'].map((secret) => readFileSync(join(parent, secret), 'utf8')).join();
    const strays = listTree(parent).filter(
      (line) => !/^(?:case|secret|deep(?:\/secret|\/root.*)?) /.test(`${line.split(' ')[0]} `),
    );
    reports[name] = {
      ...failure,
      tree: listTree(root),
      warnings,
      outside: strays.length === 0 && !existsSync('/polyarch-escape') ? outside : strays.join(),
    };
  }
  return reports;
}
