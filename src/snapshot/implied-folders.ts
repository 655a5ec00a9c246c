import { lstatSync, mkdirSync } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { copyAttributes } from './copy-node.ts';
import type { LayerFacts } from './layer-facts.ts';
import { isOpaque } from './overlay-format.ts';

/*
 * A layer's archive need not name the folders that its files lie in: `tmp/file` alone says nothing of /tmp.
 * Overlayfs shows the attributes of the highest layer that has the folder, which would make /tmp root's and
 * 0755. So where such a layer hides a lower one's description, one more layer, of folders only, is put on top.
 */

export interface DescribedLayer {
  /** The layer's `fs` folder. */
  readonly fs: string;
  readonly facts: LayerFacts;
}

/** Gives the root folder of a new layer, or of the merged view, the attributes of the highest root that is described. */
export function describeRoot(layers: readonly DescribedLayer[], target: string): void {
  const source = new Lookup(layers).source('');
  if (source !== undefined) copyAttributes(source, target);
}

/**
 * Fills `target`, an empty folder, with the folders that must lie on top of the layers (from the lowest up)
 * so that each shows as its own layer describes it. False when nothing was needed.
 */
export function describeImplied(layers: readonly DescribedLayer[], target: string): boolean {
  const wanted = new Set<string>();
  for (const { facts } of layers.slice(1)) for (const path of facts.implied) if (path !== '') wanted.add(path);
  if (wanted.size === 0) return false;
  const lookup = new Lookup(layers);
  const made = withParents([...wanted].filter((path) => lookup.needs(path)));
  for (const path of made) mkdirSync(fsPath(`${target}/${path}`));
  for (const path of ['', ...made].toReversed()) {
    const source = lookup.source(path);
    if (source !== undefined) copyAttributes(source, path === '' ? target : `${target}/${path}`);
  }
  return made.length > 0;
}

/** Finds, in layers from the lowest up, the folder whose attributes a path shows; undefined when none has it. */
export function describedFolder(layers: readonly DescribedLayer[]): (path: string) => string | undefined {
  const lookup = new Lookup(layers);
  return (path) => lookup.source(path);
}

function withParents(paths: readonly string[]): string[] {
  const all = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (const index of parts.keys()) all.add(parts.slice(0, index + 1).join('/'));
  }
  return [...all].toSorted(); // a folder sorts before what is in it
}

class Lookup {
  readonly #layers: readonly DescribedLayer[];
  readonly #implied: readonly ReadonlySet<string>[];
  readonly #found = new Map<string, { readonly top: string | undefined; readonly described: string | undefined }>();

  constructor(layers: readonly DescribedLayer[]) {
    this.#layers = layers.toReversed();
    this.#implied = this.#layers.map(({ facts }) => new Set(facts.implied));
  }

  /** True when the highest layer that shows the folder does not describe it, and a lower one does. */
  needs(path: string): boolean {
    const { top, described } = this.#find(path);
    return described !== undefined && described !== top;
  }

  /** The folder on disk to take the attributes of. */
  source(path: string): string | undefined {
    const { top, described } = this.#find(path);
    return described ?? top;
  }

  #find(path: string): { readonly top: string | undefined; readonly described: string | undefined } {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    let top: string | undefined;
    let described: string | undefined;
    for (const [index, { fs }] of this.#layers.entries()) {
      const state = stateOf(fs, path);
      if (state === 'folder' || state === 'opaque') {
        const full = path === '' ? fs : `${fs}/${path}`;
        top ??= full;
        if (this.#implied[index]?.has(path) !== true) {
          described = full;
          break;
        }
      }
      if (state === 'opaque' || state === 'hidden') break;
    }
    const found = { top, described };
    this.#found.set(path, found);
    return found;
  }
}

/** What a layer says of a folder: it has it, has it and hides those below, hides it, or leaves it as it is. */
function stateOf(fs: string, path: string): 'folder' | 'opaque' | 'hidden' | 'untouched' {
  let full = fs;
  let opaque = false;
  for (const part of path === '' ? [] : path.split('/')) {
    full += `/${part}`;
    const stat = lstatSync(fsPath(full), { throwIfNoEntry: false });
    if (stat === undefined) return opaque ? 'hidden' : 'untouched';
    if (!stat.isDirectory()) return 'hidden';
    opaque ||= isOpaque(full);
  }
  return opaque ? 'opaque' : 'folder';
}
