import { lstatSync } from 'node:fs';
import { fsPath } from '../archive/text.ts';
import { isOpaque, isWhiteout } from './overlay-format.ts';

/**
 * Looks names up in stacked layer folders without mounting them. Made for a walk from the top: `enter` a
 * folder before asking for what lies in it.
 */
export class LowerTree {
  /** For each folder on the way, from the root on: the layer folders that show in it, from the highest down. */
  readonly #shown: { readonly path: string; readonly folders: readonly string[] }[];

  /** `layers` from the lowest up. */
  constructor(layers: readonly string[]) {
    this.#shown = [{ path: '', folders: layers.toReversed() }];
  }

  /** True when the merged layers have anything of that name. */
  has(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    for (const folder of this.#at(parentOf(path))) {
      const full = `${folder}/${name}`;
      const stat = lstatSync(fsPath(full), { throwIfNoEntry: false });
      if (stat !== undefined) return !isWhiteout(full, stat);
    }
    return false;
  }

  /** True when the merged layers have a folder of that name. */
  hasFolder(path: string): boolean {
    return this.#folders(path).length > 0;
  }

  /** Goes on to what lies in `path`; `hidden` when the layer above hides all of it. */
  enter(path: string, hidden: boolean): void {
    const folders = hidden ? [] : this.#folders(path);
    this.#at(parentOf(path)); // drops what lies beside the way
    this.#shown.push({ path, folders });
  }

  #folders(path: string): string[] {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const found: string[] = [];
    for (const folder of this.#at(parentOf(path))) {
      const full = `${folder}/${name}`;
      const stat = lstatSync(fsPath(full), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (!stat.isDirectory()) break;
      found.push(full);
      if (isOpaque(full)) break;
    }
    return found;
  }

  #at(path: string): readonly string[] {
    for (let last = this.#shown.at(-1); last !== undefined; last = this.#shown.at(-1)) {
      if (last.path === path) return last.folders;
      this.#shown.pop();
    }
    throw new Error(`the folder ${path} was not entered`);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
