import { join } from 'node:path';

/** Where things lie below the store's folder (`POLYARCH_HOME`, else `$XDG_DATA_HOME/polyarch`). */
export interface StorePaths {
  readonly home: string;
  /** Blobs, as in an OCI layout. */
  readonly content: string;
  readonly snapshots: string;
  /** Folders of `RUN --mount=type=cache`. */
  readonly cacheMounts: string;
  readonly database: string;
  readonly locks: string;
  /** Stat caches of contexts, git and http copies. */
  readonly sources: string;
  /** Bundles and secrets of running steps; the worker mounts a tmpfs there. */
  readonly run: string;
  /** What the container runtime keeps between builds: compiled seccomp filters. */
  readonly runtime: string;
  /** Emulators with the dispatcher in them. */
  readonly emulators: string;
  /** Packs of native tools, and what they were made of. */
  readonly accel: string;
  /** Contexts that were fetched, outputs on their way. */
  readonly temporary: string;
}

export function storePaths(home: string): StorePaths {
  return {
    home,
    content: join(home, 'content'),
    snapshots: join(home, 'snapshots'),
    cacheMounts: join(home, 'cache-mounts'),
    database: join(home, 'state.db'),
    locks: join(home, 'locks'),
    sources: join(home, 'sources'),
    run: join(home, 'run'),
    runtime: join(home, 'runtime'),
    emulators: join(home, 'emulators'),
    accel: join(home, 'accel'),
    temporary: join(home, 'tmp'),
  };
}
