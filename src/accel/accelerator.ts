import { join } from 'node:path';
import { type AccelLevel, FAMILY_WORDS, type ToolFamily } from '../emulation/pairs.ts';
import { debug } from '../util/debug.ts';
import { PolyarchError } from '../util/error.ts';
import { lock } from '../util/lock.ts';
import { failureReason } from './archive-indexes.ts';
import { type HttpGet, fetchPackage } from './downloads.ts';
import { makePack, type PackTool } from './make-pack.ts';
import type { PackRecord } from './pack-record.ts';
import { PackStore, requestId } from './pack-store.ts';
import type { ArchivePackage } from './package-index.ts';
import { type IndexesOptions, packageIndexes } from './package-indexes.ts';
import {
  type PackPlan,
  type PackRequest,
  debianArchitecture,
  hasGo,
  hasPairs,
  hasTools,
  planPack,
  requestOf,
} from './plan-pack.ts';
import { type Release, type RootSystem, readRootSystem, releaseName } from './root-system.ts';

export interface AcceleratorOptions {
  /** The folder for packs. */
  readonly folder: string;
  /** The folder for locks. */
  readonly locks: string;
  readonly get: HttpGet;
  /** PATH, for what checks signatures; GOPROXY and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Go's name of this machine's architecture. */
  readonly native: string;
}

export interface PackFor {
  /** The mounted root filesystem. */
  readonly rootfs: string;
  /** Go's name. */
  readonly architecture: string;
  readonly level: AccelLevel;
  /** The step's command: words in it that say what it installs. */
  readonly command: readonly string[];
  /** Tool families to add even if nothing names them. */
  readonly families?: readonly ToolFamily[];
  /** Said to the person while a pack is made. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Finds or makes the packs of steps. */
export interface Accelerator {
  /** The folder to mount for a step; undefined where everything is emulated, after having said why (once for each reason). */
  packFor(step: PackFor): Promise<string | undefined>;
  /** As packFor; the pack's record, made anew when the archive has newer packages. Fails with ACCEL_UNAVAILABLE. */
  make(step: PackFor): Promise<PackRecord>;
}

/** Downloads at once. */
const WIDTH = 4;

export function createAccelerator(options: AcceleratorOptions): Accelerator {
  const store = new PackStore(options.folder);
  const working = new Map<string, Promise<string | undefined>>();
  const said = new Set<string>();

  const none = (reason: string, { note }: PackFor, hint?: string): undefined => {
    if (!said.has(reason)) note(`emulated, not accelerated: ${reason}${hint === undefined ? '' : ` (${hint})`}`);
    said.add(reason);
    return undefined;
  };

  const obtain = async (request: PackRequest, root: RootSystem, step: PackFor): Promise<string | undefined> => {
    const known = store.answer(request, Date.now());
    if (known?.kind === 'pack') return store.use(known.id);
    if (known !== undefined) return none(known.reason, step, known.hint);
    try {
      const record = await makeFor(request, root, step, { ...options, store });
      return store.use(record.id);
    } catch (error) {
      step.signal?.throwIfAborted();
      debug('accel', () => String(error instanceof Error ? error.stack : error));
      const last = store.lastPack(request);
      if (last !== undefined) return store.use(last);
      const failure = failureReason(error);
      const settled = error instanceof PolyarchError && error.details['settled'] === true;
      store.remember(request, { kind: 'none', ...failure, settled, time: Date.now() });
      return none(failure.reason, step, failure.hint);
    }
  };

  return {
    packFor: async (step) => {
      const root = readRootSystem(step.rootfs);
      const request = requestFor(step, root, { ...options, store });
      if (typeof request === 'string') return none(request, step);
      const id = requestId(request);
      let work = working.get(id);
      if (work === undefined) {
        work = obtain(request, root, step);
        working.set(id, work);
        work.catch(() => working.delete(id));
      }
      return work;
    },
    make: async (step) => {
      const root = readRootSystem(step.rootfs);
      const request = requestFor(step, root, { ...options, store });
      if (typeof request === 'string') throw new PolyarchError('ACCEL_UNAVAILABLE', request);
      return makeFor(request, root, step, { ...options, store });
    },
  };
}

function requestFor(
  step: PackFor,
  root: RootSystem,
  options: Pick<AcceleratorOptions, 'native'> & { readonly store: PackStore },
): PackRequest | string {
  const foreign = debianArchitecture(step.architecture);
  const native = debianArchitecture(options.native);
  if (foreign === undefined || native === undefined) return `no packs for ${step.architecture} on ${options.native}`;
  const families = new Set<ToolFamily>([...familiesOf(step.command), ...(step.families ?? [])]);
  const built = options.store.builtFor(root.release, { foreign, native });
  const request = requestOf(root, { foreign, native, level: step.level, families, built });
  if (request === undefined) return 'the root filesystem is no release of Debian, Ubuntu or Alpine, and has no Go';
  if (hasPairs(request)) return request;
  return `no tool of ${foreign.debian} is proved to give the same bytes yet; --accel=compatible takes those that should`;
}

/** The families whose packages a command names. */
export function familiesOf(command: readonly string[]): readonly ToolFamily[] {
  const words = new Set(command.flatMap((text) => text.split(/[\s;&|()'"=]+/)));
  return (Object.keys(FAMILY_WORDS) as (keyof typeof FAMILY_WORDS)[]).filter((family) =>
    [...words].some((word) => FAMILY_WORDS[family].test(word)),
  );
}

async function makeFor(
  request: PackRequest,
  root: RootSystem,
  step: PackFor,
  { store, ...options }: AcceleratorOptions & { readonly store: PackStore },
): Promise<PackRecord> {
  const signal = step.signal === undefined ? {} : { signal: step.signal };
  using _held = await lock(join(options.locks, `accel-${requestId(request)}`), signal);
  const since = performance.now();
  const { foreign, native } = request;
  const answer = store.answer(request, Date.now());
  const ready = answer?.kind === 'pack' ? store.list().find(({ id }) => id === answer.id) : undefined;
  if (ready !== undefined) return ready;
  const release = request.release === undefined ? 'go' : releaseName(request.release);
  const note = (text: string) =>
    step.note(`making a pack of native tools for ${release} on ${foreign.architecture}: ${text}`);
  const common = { get: options.get, folder: store.downloads, ...signal };
  const keys = join(options.folder, 'keys');
  let lost = false;
  const plan =
    request.release === undefined || !hasTools(request)
      ? NO_PLAN
      : await planOf(request, request.release, { ...options, ...common, root, keys, note }).catch((error: unknown) => {
          step.signal?.throwIfAborted();
          if (!hasGo(request)) throw error;
          lost = true;
          return { ...NO_PLAN, skipped: [`${release}: ${failureReason(error).reason}`] };
        });
  const files = await fetchAll(packagesOf(plan), { ...common, note });
  const go = await goPart(request, { ...options, ...common, note, alone: plan.pairs.length === 0 });
  using draft = store.draft();
  const made = await makePack(draft.root, plan, {
    foreign,
    native,
    deb: (one) => files.get(one.digest) ?? '',
    built: (id) => store.root(id),
    static: go.tools,
    ...signal,
  });
  const skipped = [...plan.skipped, ...go.skipped, ...made.skipped];
  if (made.tools === 0) {
    throw new PolyarchError('ACCEL_UNAVAILABLE', `no program of it can run native: ${skipped[0] ?? 'none is known'}`);
  }
  const record: PackRecord = {
    id: made.id,
    release,
    foreign: foreign.architecture,
    native: native.architecture,
    level: request.level,
    packages: [
      ...plan.pairs.map((pair) => `${pair.foreign.name} ${pair.foreign.version}`),
      ...(request.built ?? []).filter(({ id }) => plan.built.includes(id)).flatMap((one) => one.packages),
      ...(go.tools.length === 0 ? [] : [`go ${request.go ?? ''}`]),
    ],
    tools: made.tools,
    skipped,
    made: Date.now(),
  };
  draft.keep(record);
  const partial = go.lost || lost ? { partial: true } : {};
  store.remember(request, { kind: 'pack', id: made.id, ...partial, time: Date.now() });
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  step.note(`made the pack ${made.id.slice(0, 12)}: ${made.tools} programs run native, in ${seconds} s`);
  for (const skipped of [...plan.skipped, ...go.skipped]) step.note(`emulated: ${skipped}`);
  return record;
}

const NO_PLAN: PackPlan = { pairs: [], libraries: [], built: [], skipped: [] };

/** What the archive of a release has for a request. */
async function planOf(
  request: PackRequest,
  release: Release,
  {
    env,
    note,
    ...options
  }: Omit<IndexesOptions, 'path'> & Pick<AcceleratorOptions, 'env'> & { readonly note: (text: string) => void },
): Promise<PackPlan> {
  note("reading the archive's signed indexes");
  const { lost, ...indexes } = await packageIndexes({ ...request, release }, { ...options, path: env['PATH'] });
  const planned = planPack(request, indexes);
  const plan = { ...planned, skipped: [...lost, ...planned.skipped] };
  if (plan.pairs.length === 0 && plan.built.length === 0 && !hasGo(request)) {
    throw new PolyarchError(
      'ACCEL_UNAVAILABLE',
      `no package of it has an exact counterpart: ${[...lost, planned.skipped[0] ?? 'none is known'].join('; ')}`,
      { details: { settled: lost.length === 0 } },
    );
  }
  return plan;
}

interface GoPart {
  readonly tools: readonly PackTool[];
  readonly skipped: readonly string[];
  /** They could not be had this time. */
  readonly lost: boolean;
}

/** The tools of the Go in `/usr/local/go`; where they cannot be had and the pack has others, why not. */
async function goPart(
  request: PackRequest,
  {
    env,
    folder,
    alone,
    note,
    ...options
  }: Pick<AcceleratorOptions, 'env' | 'get' | 'folder'> & {
    readonly alone: boolean;
    readonly note: (text: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<GoPart> {
  const { go, foreign, native } = request;
  if (go === undefined || !hasGo(request)) return { tools: [], skipped: [], lost: false };
  const { goSource, goTools } = await import('./go-toolchain.ts');
  note(`${go}'s own tools, up to 150 MB`);
  try {
    return { ...(await goTools(go, { ...options, source: goSource(env), folder, foreign, native })), lost: false };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (alone) throw error;
    debug('accel', () => String(error instanceof Error ? error.stack : error));
    return { tools: [], skipped: [`${go} in /usr/local/go: ${failureReason(error).reason}`], lost: true };
  }
}

function packagesOf(plan: PackPlan): ArchivePackage[] {
  const all = [...plan.pairs.flatMap(({ foreign, native }) => [foreign, native]), ...plan.libraries];
  return [...new Map(all.map((one) => [one.digest, one])).values()];
}

async function fetchAll(
  packages: readonly ArchivePackage[],
  options: { folder: string; get: HttpGet; note: (text: string) => void; signal?: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const bytes = packages.reduce((sum, one) => sum + one.size, 0);
  if (packages.length > 0) options.note(`${packages.length} packages, ${(bytes / 1e6).toFixed(0)} MB`);
  const files = new Map<string, string>();
  const queue = packages.toSorted((a, b) => b.size - a.size);
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      files.set(one.digest, await fetchPackage(one, options));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return files;
}
