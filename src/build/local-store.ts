import { existsSync } from 'node:fs';
import { DiskStore } from '../content/blob-store.ts';
import { ImageStore, type StoredImage } from '../content/image-store.ts';
import { storePaths } from '../worker/paths.ts';

/** The names and the content of the local images, for commands that need no more: neither lock nor worker. */
export interface LocalStore extends Disposable {
  readonly content: DiskStore;
  readonly store: ImageStore;
  /** Every image, by name; none, and no store is made, where there is no store yet. */
  list(): readonly StoredImage[];
}

export function openLocalStore(home: string): LocalStore {
  const paths = storePaths(home);
  const store = new ImageStore(paths.database);
  return {
    content: new DiskStore(paths.content),
    store,
    list: () => (existsSync(paths.database) ? store.list() : []),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}
