import type { Compression } from '../snapshot/layer.ts';
import { csvAttributes, csvFields } from '../util/csv.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';

/** One `--output`, as data. */
export type OutputSpec = ImageOutput | ArchiveOutput | FilesOutput | { readonly kind: 'cacheonly' };

/** How an image is made, whatever becomes of it. */
export interface ImageFormat {
  /** OCI media types, else Docker's. */
  readonly ociMediaTypes: boolean;
  readonly compression: Compression;
  readonly forceCompression: boolean;
  readonly rewriteTimestamp: boolean;
  /** `annotation.KEY=…` and `annotation-LEVEL[PLATFORM].KEY=…`, in the form of `--annotation`. */
  readonly annotations: readonly string[];
}

/** `type=image` and `type=registry`. */
export interface ImageOutput {
  readonly kind: 'image';
  readonly format: ImageFormat;
  /** Besides the build's tags. */
  readonly names: readonly string[];
  readonly push: boolean;
  /** Push the manifest without any tag. */
  readonly pushByDigest: boolean;
  /** Also keep `name@digest` in the store. */
  readonly nameCanonical: boolean;
  /** Plain http or an unknown certificate is fine for this push. */
  readonly insecure: boolean;
  /** Keep it in the local store. */
  readonly store: boolean;
}

/** `type=oci` and `type=docker`: a tar file (`-` is stdout) or an OCI layout folder; docker without a destination loads it into Docker. */
export interface ArchiveOutput {
  readonly kind: 'oci' | 'docker';
  readonly format: ImageFormat;
  readonly names: readonly string[];
  readonly destination?: string;
  readonly tar: boolean;
}

/** `type=local` and `type=tar`: the files of the result. */
export interface FilesOutput {
  readonly kind: 'local' | 'tar';
  /** `-` is stdout, for tar. */
  readonly destination: string;
  /** A folder for each platform; by default when there are several. */
  readonly platformSplit?: boolean;
  readonly rewriteTimestamp: boolean;
  /** Remove what is in the folder already (`mode=delete`); for local. */
  readonly empty?: boolean;
}

const FORMAT = [
  'oci-mediatypes',
  'compression',
  'compression-level',
  'force-compression',
  'rewrite-timestamp',
  'name',
  'attestation-inline',
  'oci-artifact',
  'prefer-nondist-layers',
];
const PUSHABLE: readonly string[] = [
  ...FORMAT,
  'push',
  'push-by-digest',
  'name-canonical',
  'registry.insecure',
  'unpack',
  'store',
  'dangling-name-prefix',
  'danging-name-empty-only',
];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  image: PUSHABLE,
  registry: PUSHABLE,
  oci: [...FORMAT, 'dest', 'tar'],
  docker: [...FORMAT, 'dest', 'tar', 'context'],
  local: ['dest', 'platform-split', 'rewrite-timestamp', 'mode'],
  tar: ['dest', 'platform-split', 'rewrite-timestamp'],
  cacheonly: [],
};

/** What would change the result, and this engine does not do; `false` and nothing ask for nothing. */
const NOT_HERE: readonly string[] = ['prefer-nondist-layers', 'dangling-name-prefix', 'oci-artifact', 'context'];

/** Parses one `-o/--output`: `type=…,KEY=VALUE`, a folder, or `-` for a tar on stdout (buildx's rules). */
export function parseOutput(text: string): OutputSpec {
  if (text === '') throw invalid(text, 'it is empty');
  if (text === '-') return { kind: 'tar', destination: '-', rewriteTimestamp: false };
  if (csvFields(text).length === 1 && !text.startsWith('type=')) {
    if (text.includes('=')) throw invalid(text, 'type= is missing');
    return { kind: 'local', destination: text, rewriteTimestamp: false };
  }
  const attributes = csvAttributes(text, '--output');
  const type = attributes.get('type') ?? '';
  attributes.delete('type');
  const known = KEYS[type];
  if (known === undefined) {
    throw invalid(
      text,
      type === ''
        ? 'type= is missing'
        : `there is no type ${JSON.stringify(type)}${didYouMean(type, Object.keys(KEYS))}`,
    );
  }
  for (const key of attributes.keys()) {
    if (!known.includes(key) && !(key.startsWith('annotation') && known.includes('name'))) {
      throw invalid(text, `type=${type} has no attribute ${JSON.stringify(key)}${didYouMean(key, known)}`);
    }
  }
  const given = new Attributes(text, attributes);
  given.refuse(NOT_HERE);
  switch (type) {
    case 'image':
    case 'registry':
      return {
        kind: 'image',
        format: given.format(true),
        names: given.names(),
        push: given.flag('push', type === 'registry'),
        pushByDigest: given.flag('push-by-digest', false),
        nameCanonical: given.flag('name-canonical', false),
        insecure: given.flag('registry.insecure', false),
        store: given.flag('store', true),
      };
    case 'oci':
    case 'docker': {
      const destination = attributes.get('dest');
      const tar = given.flag('tar', true);
      if (type === 'oci' && destination === undefined) throw invalid(text, 'dest= is missing');
      if (!tar && (destination === undefined || destination === '-'))
        throw invalid(text, 'tar=false needs a folder as dest=');
      return {
        kind: type,
        format: given.format(type === 'oci'),
        names: given.names(),
        tar,
        ...(destination === undefined ? {} : { destination }),
      };
    }
    case 'local':
    case 'tar': {
      const destination = attributes.get('dest') ?? (type === 'tar' ? '-' : undefined);
      if (destination === undefined) throw invalid(text, 'dest= is missing');
      if (type === 'local' && destination === '-') throw invalid(text, 'a folder cannot go to stdout: use type=tar');
      const split = attributes.has('platform-split') ? { platformSplit: given.flag('platform-split', true) } : {};
      const rewriteTimestamp = given.flag('rewrite-timestamp', false);
      return { kind: type, destination, ...split, rewriteTimestamp, ...given.mode() };
    }
    default:
      return { kind: 'cacheonly' };
  }
}

/** The outputs with `--push` or `--load` worked in, as buildx does: they change an image output that is there, else add one. */
export function withShorthands(outputs: readonly OutputSpec[], flags: { push: boolean; load: boolean }): OutputSpec[] {
  let result = [...outputs];
  if (flags.push) {
    if (!result.some((output) => output.kind === 'image')) result.push(parseOutput('type=image'));
    result = result.map((output) => (output.kind === 'image' ? { ...output, push: true } : output));
  }
  if (flags.load && !result.some((output) => output.kind === 'docker' && output.destination === undefined))
    result.push(parseOutput('type=docker'));
  return result;
}

class Attributes {
  readonly #text: string;
  readonly #values: ReadonlyMap<string, string>;

  constructor(text: string, values: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#values = values;
  }

  refuse(keys: readonly string[]): void {
    const asked = keys.find((key) => !/^(|0|f|false|default)$/i.test(this.#values.get(key) ?? ''));
    if (asked !== undefined) throw invalid(this.#text, `${asked}= needs a BuildKit builder`);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#values.get(key);
    if (value === undefined) return fallback;
    if (/^(1|t|true)$/i.test(value) || value === '') return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw invalid(this.#text, `${key}=${value} is neither true nor false`);
  }

  /** buildx's `mode=copy` (the default) or `mode=delete`. */
  mode(): { empty?: boolean } {
    const mode = this.#values.get('mode') ?? 'copy';
    if (mode !== 'copy' && mode !== 'delete') throw invalid(this.#text, `mode=${mode} is neither copy nor delete`);
    return mode === 'delete' ? { empty: true } : {};
  }

  names(): string[] {
    return (this.#values.get('name') ?? '').split(',').filter((name) => name !== '');
  }

  format(oci: boolean): ImageFormat {
    const annotations = [...this.#values]
      .filter(([key]) => key.startsWith('annotation') && key !== 'attestation-inline')
      .map(([key, value]) => {
        const match = /^annotation(?:-([a-z-]+))?(\[[^\]]*\])?\.(.+)$/.exec(key);
        if (match === null)
          throw invalid(this.#text, `${JSON.stringify(key)} is not annotation.KEY or annotation-LEVEL.KEY`);
        const level =
          match[1] === undefined && match[2] === undefined ? '' : `${match[1] ?? 'manifest'}${match[2] ?? ''}:`;
        return `${level}${match[3]}=${value}`;
      });
    const compression = this.#compression();
    return {
      ociMediaTypes: this.#ociMediaTypes(oci || compression.type === 'zstd' || annotations.length > 0, compression),
      compression,
      forceCompression: this.flag('force-compression', false),
      rewriteTimestamp: this.flag('rewrite-timestamp', false),
      annotations,
    };
  }

  /** zstd layers exist only in OCI manifests. */
  #ociMediaTypes(fallback: boolean, compression: Compression): boolean {
    const oci = this.flag('oci-mediatypes', fallback);
    if (!oci && compression.type === 'zstd')
      throw invalid(this.#text, 'compression=zstd and oci-mediatypes=false exclude each other');
    return oci;
  }

  #compression(): Compression {
    const type = this.#values.get('compression') ?? 'gzip';
    if (type !== 'gzip' && type !== 'zstd' && type !== 'uncompressed') {
      throw invalid(
        this.#text,
        `compression=${type} is none of gzip, zstd, uncompressed${type === 'estargz' ? ' (estargz needs a BuildKit builder)' : ''}`,
      );
    }
    const text = this.#values.get('compression-level');
    if (text === undefined) return { type };
    const level = Number(text);
    const highest = type === 'zstd' ? 22 : 9;
    if (!Number.isInteger(level) || level < 0 || level > highest) {
      throw invalid(this.#text, `compression-level=${text} is not a whole number from 0 to ${highest}`);
    }
    return { type, level };
  }
}

function invalid(text: string, why: string): PolyarchError {
  return new PolyarchError('INVALID_OUTPUT', `--output ${JSON.stringify(text)}: ${why}`, {
    hint: 'for example: --output type=oci,dest=image.tar  or  --output type=local,dest=out  or  --output type=registry',
  });
}
