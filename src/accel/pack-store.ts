import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { GO_TOOLCHAIN, PAIRS } from '../emulation/pairs.ts';
import { FOREIGN_CODE } from './foreign/code.ts';
import { isRecord } from '../oci/shape.ts';
import { hasCode } from '../util/error.ts';
import { packId } from './pack-files.ts';
import { isPackRecord, type PackRecord } from './pack-record.ts';
import type { BuiltPack, PackRequest } from './plan-pack.ts';
import { type Release, releaseName } from './root-system.ts';

/** What a request came to: a pack, or why there is none. */
export type Answer =
  /** `partial`: something of it could not be had, and may be had soon. */
  | { readonly kind: 'pack'; readonly id: string; readonly partial?: boolean; readonly time: number }
  /** `settled`: the archive's signed indexes say so. */
  | {
      readonly kind: 'none';
      readonly reason: string;
      readonly hint?: string;
      readonly settled?: boolean;
      readonly time: number;
    };

/** How long what the archive has is taken for that, and another failure for lasting; milliseconds. */
const DAY = 24 * 60 * 60 * 1000;
const FAILURE = 10 * 60 * 1000;

/** Packs below the store's folder: each a folder named by its content. */
export class PackStore {
  readonly downloads: string;
  readonly #packs: string;
  readonly #requests: string;

  constructor(folder: string) {
    this.downloads = join(folder, 'downloads');
    this.#packs = join(folder, 'packs');
    this.#requests = join(folder, 'requests');
  }

  /** What containers see of a pack. */
  root(id: string): string {
    return join(this.#packs, id, 'root');
  }

  /** As root, for a step: what prune takes for the last use is now. */
  use(id: string): string {
    const now = new Date();
    utimesSync(join(this.#packs, id), now, now);
    return this.root(id);
  }

  /** The answer to a request, while it holds. */
  answer(request: PackRequest, now: number): Answer | undefined {
    const found = readJson(join(this.#requests, `${requestId(request)}.json`));
    if (!isAnswer(found)) return undefined;
    const lasts = found.kind === 'pack' ? found.partial !== true : found.settled === true;
    if (now - found.time > (lasts ? DAY : FAILURE)) return undefined;
    return found.kind === 'pack' && !existsSync(this.root(found.id)) ? undefined : found;
  }

  /** The pack of a request though its answer is old; for when there is no newer one to be had. */
  lastPack(request: PackRequest): string | undefined {
    const found = readJson(join(this.#requests, `${requestId(request)}.json`));
    return isAnswer(found) && found.kind === 'pack' && existsSync(this.root(found.id)) ? found.id : undefined;
  }

  remember(request: PackRequest, answer: Answer): void {
    this.#remember(requestId(request), answer);
  }

  #remember(id: string, answer: Answer): void {
    mkdirSync(this.#requests, { recursive: true });
    writeWhole(join(this.#requests, `${id}.json`), JSON.stringify(answer));
  }

  /** The ids of the requests that a pack answers. */
  requestsOf(id: string): readonly string[] {
    const names = existsSync(this.#requests) ? readdirSync(this.#requests) : [];
    return names
      .filter((name) => name.endsWith('.json'))
      .filter((name) => {
        const answer = readJson(join(this.#requests, name));
        return isAnswer(answer) && answer.kind === 'pack' && answer.id === id;
      })
      .map((name) => name.slice(0, -'.json'.length))
      .toSorted();
  }

  /** Takes a pack of another machine for the answer to these requests, as if it had been made here now. */
  answerWith(id: string, requests: readonly string[]): void {
    for (const request of requests) {
      if (/^[0-9a-f]{32}$/.test(request)) this.#remember(request, { kind: 'pack', id, time: Date.now() });
    }
  }

  /** An empty folder to make a pack in; `keep` moves it to its place, dispose removes what is left of it. */
  draft(): { readonly root: string; keep(record: PackRecord): void } & Disposable {
    mkdirSync(this.#packs, { recursive: true });
    const draft = mkdtempSync(join(this.#packs, '.new-'));
    const root = join(draft, 'root');
    mkdirSync(root, { mode: 0o755 });
    return {
      root,
      keep: (record) => {
        writeFileSync(join(draft, 'pack.json'), `${JSON.stringify(record, null, 2)}\n`);
        try {
          renameSync(draft, join(this.#packs, record.id));
        } catch (error) {
          // Another process made the same one.
          if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
        }
      },
      [Symbol.dispose]: () => rmSync(draft, { recursive: true, force: true }),
    };
  }

  list(): readonly PackRecord[] {
    const names = existsSync(this.#packs) ? readdirSync(this.#packs).filter((name) => !name.startsWith('.')) : [];
    return names
      .map((name) => readJson(join(this.#packs, name, 'pack.json')))
      .filter((one) => isPackRecord(one))
      .toSorted((a, b) => a.made - b.made);
  }

  /** The packs that were built from source for a release and two architectures, oldest first. */
  builtFor(
    release: Release | undefined,
    { foreign, native }: Pick<PackRequest, 'foreign' | 'native'>,
  ): readonly BuiltPack[] {
    if (release === undefined) return [];
    const name = releaseName(release);
    const built = this.list()
      .filter((one) => one.source !== undefined && one.release === name)
      .filter((one) => one.foreign === foreign.architecture && one.native === native.architecture);
    for (const { id } of built) this.use(id);
    return built.map(({ id, packages }) => ({ id, packages }));
  }

  remove(id: string): void {
    rmSync(join(this.#packs, id), { recursive: true, force: true });
  }

  /** Removes what packs were made of, and what was asked before. */
  forget(): void {
    rmSync(this.downloads, { recursive: true, force: true });
    rmSync(this.#requests, { recursive: true, force: true });
  }

  /** Whether a pack's files are what they were when it was made. */
  isWhole(id: string): boolean {
    const root = this.root(id);
    if (!existsSync(root)) return false;
    return packId(root) === id;
  }
}

/** Changes when packs are made differently of the same packages. */
const FORMAT = 6;

/** Names a request. */
export function requestId(request: PackRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, PAIRS, GO_TOOLCHAIN, FOREIGN_CODE.code, request]))
    .digest('hex')
    .slice(0, 32);
}

function writeWhole(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, text);
  renameSync(part, file);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAnswer(value: unknown): value is Answer {
  if (!isRecord(value) || typeof value['time'] !== 'number') return false;
  return value['kind'] === 'pack'
    ? typeof value['id'] === 'string'
    : value['kind'] === 'none' && typeof value['reason'] === 'string';
}
