import type { LocalFolder } from './open-context.ts';

/** The folders that a build offers as local sources, by name. */
export class LocalFolders {
  readonly #folders = new Map<string, LocalFolder>();

  get(name: string): LocalFolder | undefined {
    return this.#folders.get(name);
  }

  /** Offers a folder and gives its name: the one wished for, or that with a number when another folder has it. */
  add(wish: string, folder: LocalFolder): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wish : `${wish} (${number})`;
      const found = this.#folders.get(name);
      if (found !== undefined && found.path !== folder.path) continue;
      this.#folders.set(name, found === undefined ? folder : withBoth(found, folder));
      return name;
    }
  }
}

/** What is left out is told by the graph; the ignore file is only named in messages. */
function withBoth(one: LocalFolder, other: LocalFolder): LocalFolder {
  const names = new Set([one.ignoreFile, other.ignoreFile].filter((name) => name !== undefined));
  return names.size === 0 ? one : { ...one, ignoreFile: [...names].join(' or ') };
}
