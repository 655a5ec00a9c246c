import { PolyarchError } from '../util/error.ts';
import type { Platform } from '../oci/platform.ts';
import type { OpContext } from '../solver/vertex.ts';
import type { Engine } from '../worker/engine.ts';
import type { LocalFilter } from '../worker/ops/source-op.ts';
import type { StepContext } from '../worker/ops/step-context.ts';
import type { FolderRef } from '../worker/ref.ts';
import { scanContext } from '../worker/sources/local-scan.ts';
import { type StatCache, fileStatCache } from '../worker/sources/stat-cache.ts';
import type { LocalFolder } from './open-context.ts';
import type { SecretInput, SshInput } from './request.ts';

export interface StepContextOptions {
  readonly buildPlatform: Platform;
  readonly pull: boolean;
  readonly locals: ReadonlyMap<string, LocalFolder>;
  readonly secrets: readonly SecretInput[];
  readonly ssh: readonly SshInput[];
  readonly allow: readonly string[];
  /** Agents for key files are started here and end with the build. */
  readonly sshAgent: (keys: readonly string[]) => Promise<string>;
}

/** What the steps of one build ask of it. */
export function stepContext(engine: Engine, options: StepContextOptions): StepContext {
  const cache = fileStatCache(engine.paths.sources);
  const secrets = new Map(options.secrets.map((secret) => [secret.id, secret]));
  const ssh = new Map(options.ssh.map((input) => [input.id, input]));
  const sockets = new Map<string, Promise<string>>();
  return {
    images: engine.images,
    buildPlatform: options.buildPlatform,
    pull: options.pull,
    allowed: new Set(options.allow),
    pulls: new Map(),
    scan: (name, filter, context) => scanFolder(name, filter, { locals: options.locals, cache, context }),
    remoteOp(identifier) {
      throw new PolyarchError('LLB_UNSUPPORTED', `no source ${identifier}`);
    },
    secret: async (id) => secrets.get(id)?.read(),
    async sshSocket(id) {
      const input = ssh.get(id === '' ? 'default' : id);
      const [first] = input?.paths ?? [];
      if (input === undefined || first === undefined) return undefined;
      const socket = sockets.get(input.id) ?? options.sshAgent(input.paths);
      sockets.set(input.id, socket);
      return socket;
    },
    worker: () => engine.worker(),
    materialize: (ref, signal) => engine.materialize(ref, signal),
    newLayerId: () => engine.newLayerId(),
  };
}

async function scanFolder(
  name: string,
  filter: LocalFilter,
  { locals, cache, context }: { locals: ReadonlyMap<string, LocalFolder>; cache: StatCache; context: OpContext },
): Promise<FolderRef> {
  const folder = locals.get(name);
  if (folder === undefined) throw new PolyarchError('CONTEXT_NOT_FOUND', `this build has no local source ${JSON.stringify(name)}`);
  const scan = await scanContext(folder.path, {
    name,
    ...filter,
    ...(folder.ignoreFile === undefined ? {} : { ignoreFile: folder.ignoreFile }),
    cache,
    signal: context.signal,
  });
  const digest = await scan.digest([{ path: '/' }], { signal: context.signal });
  scan.save();
  return { kind: 'folder', scan, digest };
}
