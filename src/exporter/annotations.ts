import { matchPlatform, parsePlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean } from '../util/nearest.ts';

/** Where an annotation goes; buildx's levels. */
export type AnnotationLevel = (typeof LEVELS)[number];

const LEVELS = ['manifest', 'manifest-descriptor', 'index', 'index-descriptor'] as const;

interface Annotation {
  readonly level: AnnotationLevel;
  /** Of all platforms when absent. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/** Parses `KEY=VALUE`, `LEVEL:KEY=VALUE`, `LEVEL[PLATFORM],LEVEL:KEY=VALUE`; without a level: `manifest`. */
export function parseAnnotations(texts: readonly string[]): Annotation[] {
  return texts.flatMap((text) => {
    const equals = text.indexOf('=');
    if (equals < 0) throw invalid(text, 'it is not KEY=VALUE');
    const left = text.slice(0, equals);
    const value = text.slice(equals + 1);
    const colon = left.indexOf(':');
    const key = left.slice(colon + 1);
    if (key === '') throw invalid(text, 'the key is empty');
    const levels = colon < 0 ? ['manifest'] : left.slice(0, colon).split(',');
    return levels.map((level) => {
      const match = /^([a-z-]+)(?:\[([^\]]+)\])?$/.exec(level);
      const name = LEVELS.find((known) => known === match?.[1]);
      if (match === null || name === undefined) {
        throw invalid(text, `there is no level ${JSON.stringify(level)}${didYouMean(level, LEVELS)}`);
      }
      return { level: name, key, value, ...(match[2] === undefined ? {} : { platform: parsePlatform(match[2]) }) };
    });
  });
}

/** The annotations of one level, sorted by key; `undefined` when there are none. */
export function annotationsFor(
  annotations: readonly Annotation[],
  level: AnnotationLevel,
  platform?: Platform,
): Readonly<Record<string, string>> | undefined {
  const found = annotations
    .filter(
      (a) =>
        a.level === level &&
        (a.platform === undefined || (platform !== undefined && matchPlatform(a.platform, platform))),
    )
    .map((a) => [a.key, a.value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function invalid(text: string, why: string): PolyarchError {
  return new PolyarchError('INVALID_ANNOTATION', `--annotation ${JSON.stringify(text)}: ${why}`, {
    hint: 'for example: --annotation index:org.opencontainers.image.source=…',
  });
}
