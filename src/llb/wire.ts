import type { Digest } from '../oci/digest.ts';
import type { Init } from '../pb/codec.ts';
import { type OpMetadata as WireMetadata, type Source, decode, encode } from '../pb/ops.ts';
import type { Definition, OpMetadata, SourceLocation } from './definition.ts';

/** The text of a file that locations point into. */
export interface SourceFile {
  readonly filename: string;
  readonly content: Uint8Array;
  /** GitHub linguist's name. Default `Dockerfile`. */
  readonly language?: string;
}

/** BuildKit's serialised pb.Definition, what `buildctl build` reads on stdin. */
export function encodeDefinition(definition: Definition, sources: readonly SourceFile[] = []): Uint8Array {
  const metadata = Object.fromEntries([...definition.metadata].map(([digest, one]) => [digest, wireMetadata(one)]));
  return encode('Definition', { def: definition.ops, metadata, Source: wireSource(definition, sources) });
}

/** @throws PolyarchError PROTOBUF_INVALID */
export function readDefinition(bytes: Uint8Array): Definition {
  const { def, metadata, Source: source } = decode('Definition', bytes);
  const read = Object.entries(metadata).map(([digest, one]): [Digest, OpMetadata] => {
    const location = locationOf(source, digest);
    return [
      digest as Digest, // BuildKit's key
      {
        ...(one.ignoreCache ? { ignoreCache: true } : {}),
        ...(Object.keys(one.description).length === 0 ? {} : { description: one.description }),
        ...(location === undefined ? {} : { location }),
        ...(one.progressGroup === undefined ? {} : { progressGroup: one.progressGroup }),
      },
    ];
  });
  return { ops: def, metadata: new Map(read) };
}

function wireMetadata(metadata: OpMetadata): Init<WireMetadata> {
  const { ignoreCache, description, progressGroup } = metadata;
  return {
    ...(ignoreCache === true ? { ignoreCache } : {}),
    ...(description === undefined ? {} : { description }),
    ...(progressGroup === undefined ? {} : { progressGroup }),
  };
}

function wireSource(definition: Definition, sources: readonly SourceFile[]): Init<Source> {
  const locations = [...definition.metadata].flatMap(([digest, { location }]) => {
    const sourceIndex = sources.findIndex((source) => source.filename === location?.file);
    if (location === undefined || sourceIndex < 0) return [];
    const range = { start: { line: location.startLine }, end: { line: location.endLine } };
    return [[digest, { locations: [{ sourceIndex, ranges: [range] }] }] as const];
  });
  return {
    locations: Object.fromEntries(locations),
    infos: sources.map(({ filename, content, language = 'Dockerfile' }) => ({ filename, data: content, language })),
  };
}

function locationOf(source: Source | undefined, digest: string): SourceLocation | undefined {
  const location = source?.locations[digest]?.locations[0];
  const file = location === undefined ? undefined : source?.infos[location.sourceIndex]?.filename;
  const range = location?.ranges[0];
  if (file === undefined || range === undefined) return undefined;
  return { file, startLine: range.start?.line ?? 0, endLine: range.end?.line ?? 0 };
}
