import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DebianArchitecture, GO_TOOLCHAIN } from '../emulation/pairs.ts';
import { programKey } from '../emulation/program-key.ts';
import { PolyarchError } from '../util/error.ts';
import { fetchSmall, fetchUnchecked, type HttpGet } from './downloads.ts';
import { type ChecksumDatabase, checksumDatabase, moduleSum } from './go-checksums.ts';
import { type PackTool, toolLists } from './make-pack.ts';
import { patchGo } from './patch-go.ts';
import { toolMatcher } from './tool-files.ts';

/** Where Go's own distribution is, and who says what it is. */
export interface GoSource {
  /** The module proxy, without a slash at its end. */
  readonly proxy: string;
  readonly database: ChecksumDatabase;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * GOPROXY and GOSUMDB as cmd/go reads them: the environment, then the file of `go env -w`, then Go's own. Of a list of proxies
 * the first one counts.
 *
 * @throws PolyarchError ACCEL_UNAVAILABLE where they are switched off
 */
export function goSource(env: Environment): GoSource {
  const config = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/', '.config');
  const kept = readSettings(env['GOENV'] ?? join(config, 'go/env'));
  const setting = (name: string) => env[name] ?? kept.get(name);
  const proxies = (setting('GOPROXY') || 'https://proxy.golang.org').split(/[,|]/);
  const proxy = proxies.map((one) => one.trim()).find((one) => /^https?:\/\//.test(one));
  const database = checksumDatabase(setting('GOSUMDB'));
  if (proxy === undefined)
    throw unavailable(`GOPROXY=${proxies.join()} names no module proxy`, 'GOPROXY=https://proxy.golang.org');
  if (database === undefined)
    throw unavailable(`GOSUMDB=${setting('GOSUMDB') ?? ''} is no checksum database`, 'GOSUMDB=sum.golang.org');
  return { proxy: proxy.replace(/\/+$/, ''), database };
}

function readSettings(file: string): ReadonlyMap<string, string> {
  const text = file !== 'off' && existsSync(file) ? readFileSync(file, 'utf8') : '';
  return new Map(text.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

interface ToolchainOptions {
  readonly source: GoSource;
  readonly get: HttpGet;
  /** For downloads. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * The tools of a Go release of this machine's architecture in the place of the foreign ones: both from the modules in which Go
 * distributes itself (`golang.org/toolchain`), checked by the checksum database. `version` is as in `go1.25.4`.
 *
 * @throws PolyarchError ACCEL_UNTRUSTED; HTTP_STATUS, HTTP_UNREACHABLE
 */
export async function goTools(
  version: string,
  {
    foreign,
    native,
    ...options
  }: ToolchainOptions & { readonly foreign: DebianArchitecture; readonly native: DebianArchitecture },
): Promise<{ readonly tools: readonly PackTool[]; readonly skipped: readonly string[] }> {
  const [theirs, ours] = await Promise.all([
    toolchainPrograms(version, foreign, options),
    toolchainPrograms(version, native, options),
  ]);
  const scratch = mkdtempSync(join(tmpdir(), 'polyarch-go-'));
  const tools: PackTool[] = [];
  const skipped: string[] = [];
  try {
    for (const pair of GO_TOOLCHAIN) {
      const isTool = toolMatcher(pair, foreign);
      for (const [place, program] of theirs) {
        const own = ours.get(place.replace(`/linux_${foreign.go}/`, `/linux_${native.go}/`));
        if (!isTool(place) || own === undefined) continue;
        const file = patchGo(own, { pair, foreign, native });
        writeFileSync(join(scratch, 'tool'), program);
        const key = programKey(join(scratch, 'tool'));
        if (file === undefined || key === undefined)
          skipped.push(`${place} of ${version}: what it knows of its machine cannot be changed to ${foreign.go}'s`);
        else
          tools.push({
            place: `local/go/${place}`,
            key,
            file,
            rules: pair.rules ?? [],
            lists: toolLists(pair, foreign),
          });
      }
    }
    return { tools, skipped };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const MODULE = 'golang.org/toolchain';
/** A release has 250 MB unpacked, in 15,000 files. */
const MAX_ZIP = 1024 ** 3;
const MAX_UNPACKED = 4 * 1024 ** 3;

/** The programs of one architecture that a pack may have, by their places in the release. */
async function toolchainPrograms(
  release: string,
  architecture: DebianArchitecture,
  { source, folder, ...options }: ToolchainOptions,
): Promise<ReadonlyMap<string, Buffer>> {
  const version = `v0.0.1-${release}.linux-${architecture.go}`;
  const matchers = GO_TOOLCHAIN.map((pair) => toolMatcher(pair, architecture));
  const placeOf = (name: string): string => name.slice(`${MODULE}@${version}/`.length);
  const passed = `${source.proxy}/sumdb/${source.database.name}`;
  const url = await fetchSmall(`${passed}/supported`, options).then(
    () => passed,
    (error: unknown) => {
      // As cmd/go: a proxy that does not pass the database on says so.
      if (error instanceof PolyarchError && [404, 410].includes(Number(error.details['status'])))
        return source.database.url;
      throw error;
    },
  );
  const sum = await moduleSum({ path: MODULE, version }, { ...options, database: { ...source.database, url } });
  const zip = { url: `${source.proxy}/${MODULE}/@v/${version}.zip`, name: `${version}.zip`, limit: MAX_ZIP };
  const file = await fetchUnchecked(zip, { ...options, folder });
  const read = await readZip(file, (name) => matchers.some((isTool) => isTool(placeOf(name))));
  if (read.sum !== sum) {
    rmSync(file, { force: true });
    throw new PolyarchError('ACCEL_UNTRUSTED', `${MODULE}@${version} of ${source.proxy} is ${read.sum}, not ${sum}`, {
      hint: 'the Go module proxy or something on the way to it changes files',
    });
  }
  return new Map([...read.files].map(([name, bytes]) => [placeOf(name), bytes]));
}

/** The files of a module's zip that are wanted, and the zip's sum (golang.org/x/mod/sumdb/dirhash, Hash1). */
async function readZip(
  file: string,
  wanted: (name: string) => boolean,
): Promise<{ readonly sum: string; readonly files: ReadonlyMap<string, Buffer> }> {
  const { openPromise } = await import('yauzl');
  const zip = await openPromise(file);
  const files = new Map<string, Buffer>();
  const lines: (readonly [name: string, line: string])[] = [];
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    unpacked += entry.uncompressedSize;
    if (unpacked > MAX_UNPACKED)
      throw new PolyarchError('ACCEL_UNTRUSTED', `${file} is larger than a release of Go can be`);
    const hash = createHash('sha256');
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) {
      hash.update(part);
      if (wanted(entry.fileName)) parts.push(part);
    }
    if (parts.length > 0) files.set(entry.fileName, Buffer.concat(parts));
    lines.push([entry.fileName, `${hash.digest('hex')}  ${entry.fileName}\n`]);
  }
  const all = createHash('sha256');
  for (const [, line] of lines.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) all.update(line);
  return { sum: `h1:${all.digest('base64')}`, files };
}

function unavailable(message: string, mend: string): PolyarchError {
  return new PolyarchError('ACCEL_UNAVAILABLE', `Go's own tools cannot be had: ${message}`, { hint: `e.g. ${mend}` });
}
