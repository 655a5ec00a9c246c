import { linkSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBuiltPack } from '../accel/built-pack.ts';
import { gccConfiguration, gccDockerfile } from '../accel/gcc-build.ts';
import type { PackRecord } from '../accel/pack-record.ts';
import { debianArchitecture } from '../accel/plan-pack.ts';
import { type DebDistribution, type Release, releaseName } from '../accel/root-system.ts';
import { BUILDABLE, fetchSourceSet, programOf, type SourceName, type SourceSet } from '../accel/source-sets.ts';
import { findTrust } from '../accel/trusted-release.ts';
import { hostArchitecture } from '../emulation/native.ts';
import type { DebianArchitecture } from '../emulation/pairs.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { httpGet } from '../worker/sources/http-exchange.ts';
import { packStore } from './accel.ts';
import { build, type BuildSurroundings } from './build.ts';
import type { BuildRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

export interface SourcePackRequest extends SourceName {
  /** Whose programs are to be replaced. */
  readonly platform: Platform;
  readonly release: Release<DebDistribution>;
  /** The image to build in. Default: the release's own, e.g. `debian:bookworm`. */
  readonly base?: string;
}

/**
 * Builds a release's compiler for a foreign platform from its source package, in a build of this machine's platform, and
 * keeps it as a pack: packs that are made later take it in. Fails with ACCEL_UNAVAILABLE and as a build does.
 */
export async function makePackFromSource(
  workspace: Workspace,
  request: SourcePackRequest,
  around: BuildSurroundings,
): Promise<PackRecord> {
  const { home, temporary } = workspace.engine.paths;
  const { foreign, native } = architectures(request);
  const store = packStore(home);
  const source = `${request.name} ${request.version}`;
  const release = releaseName(request.release);
  const ready = store
    .list()
    .find((one) => one.source === source && one.foreign === foreign.architecture && one.release === release);
  if (ready !== undefined && store.isWhole(ready.id)) return ready;
  const connections = await workspace.connections();
  const set = await fetchSourceSet(
    request,
    { foreign },
    {
      release: request.release,
      trust: findTrust(request.release.distribution, around.env['PATH']),
      get: async (url, options) => (await httpGet(url, { connections, headers: {}, ...options })).body,
      folder: store.downloads,
      signal: around.signal,
    },
  );
  mkdirSync(temporary, { recursive: true });
  const folder = mkdtempSync(join(temporary, 'source-'));
  try {
    const programs = join(folder, 'programs');
    await writeContext(join(folder, 'context'), set, { ...request, foreign, native });
    await build(workspace, buildOf(join(folder, 'context'), programs), around);
    using draft = store.draft();
    const made = await makeBuiltPack(draft.root, set.binaries, { foreign, programs, signal: around.signal });
    const record: PackRecord = {
      id: made.id,
      release,
      foreign: foreign.architecture,
      native: native.architecture,
      level: 'exact',
      packages: set.binaries.map((one) => `${one.foreign.name} ${one.foreign.version}`),
      tools: made.tools,
      skipped: made.skipped,
      source,
      made: Date.now(),
    };
    draft.keep(record);
    return record;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function architectures({ name, platform }: SourcePackRequest): {
  readonly foreign: DebianArchitecture;
  readonly native: DebianArchitecture;
} {
  if (!BUILDABLE.includes(name)) {
    throw new PolyarchError('ACCEL_UNAVAILABLE', `packs are not built of ${name}`, {
      hint: `they are of ${BUILDABLE.join(', ')}`,
    });
  }
  const foreign = debianArchitecture(platform.architecture);
  const native = debianArchitecture(hostArchitecture());
  if (foreign !== undefined && native !== undefined && foreign !== native) return { foreign, native };
  throw new PolyarchError('ACCEL_UNAVAILABLE', `no packs for ${formatPlatform(platform)} on this machine`);
}

async function writeContext(
  folder: string,
  set: SourceSet,
  request: SourcePackRequest & { readonly foreign: DebianArchitecture; readonly native: DebianArchitecture },
): Promise<void> {
  mkdirSync(join(folder, 'source'), { recursive: true });
  for (const [name, file] of set.files) place(file, join(folder, 'source', name));
  const dsc = [...set.files.keys()].find((name) => name.endsWith('.dsc')) ?? '';
  const driver = await programOf(set, `/${request.foreign.gnu}-${request.name}`);
  const { distribution, codename } = request.release;
  const base = request.base ?? `${distribution}:${codename}`;
  const { foreign, native } = request;
  const dockerfile = gccDockerfile({ base, dsc, configuration: gccConfiguration(driver), foreign, native });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
}

function place(file: string, path: string): void {
  try {
    linkSync(file, path);
  } catch {
    copyFileSync(file, path);
  }
}

function buildOf(context: string, destination: string): BuildRequest {
  return {
    context: { kind: 'directory', path: context },
    files: [],
    platforms: [],
    tags: [],
    targets: [],
    buildArgs: [],
    contexts: [],
    labels: [],
    annotations: [],
    secrets: [],
    ssh: [],
    noCache: false,
    pull: false,
    accel: 'off',
    outputs: [{ kind: 'local', destination, rewriteTimestamp: false }],
    network: 'default',
    allow: [],
    extraHosts: [],
    ulimits: [],
  };
}
