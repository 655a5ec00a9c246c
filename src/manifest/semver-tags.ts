import { PolyarchError } from '../util/error.ts';

export interface SemverTags {
  /** In the order in which they are set: `1`, `1.2`, `1.2.3`, `latest`. */
  readonly tags: readonly string[];
  /** Those that stay where they are, each with the newer version that is there. */
  readonly held: readonly { readonly tag: string; readonly newer: string }[];
}

export interface SemverOptions {
  /** Also `latest`. Default true. */
  readonly latest?: boolean;
  /** Moves `1`, `1.2` and `latest` also where a newer version is. Default false. */
  readonly moveBack?: boolean;
}

interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly preRelease: string | undefined;
}

const VERSION = /^v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/** The version in full, as tags have it: without `v`. Fails with INVALID_VERSION. */
function parseVersion(text: string): Version {
  const version = asVersion(text);
  if (version !== undefined) return version;
  throw new PolyarchError('INVALID_VERSION', `"${text}" is no semantic version`, {
    hint: text.includes('+')
      ? 'a tag cannot hold the build part: leave out what begins with +'
      : 'write MAJOR.MINOR.PATCH[-PRERELEASE], e.g. v1.2.3',
  });
}

function asVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, preRelease] = match;
  return { numbers: [Number(major), Number(minor), Number(patch)], preRelease };
}

/**
 * The tags of a semantic version (semver.org 2.0.0): itself, and unless it is a pre-release its minor and major version and
 * `latest`, each only as far as none of the tags that exist is a newer release of it. Fails with INVALID_VERSION.
 */
export function semverTags(text: string, existing: Iterable<string>, options: SemverOptions = {}): SemverTags {
  const { numbers, preRelease } = parseVersion(text);
  const [major, minor] = numbers;
  const full = numbers.join('.');
  if (preRelease !== undefined) return { tags: [`${full}-${preRelease}`], held: [] };
  const releases = [...existing].flatMap((tag) => {
    const version = asVersion(tag);
    return version === undefined || version.preRelease !== undefined ? [] : [version.numbers];
  });
  const newest = (depth: number) =>
    releases
      .filter((other) => other.slice(0, depth).every((number, i) => number === numbers[i]))
      .toSorted(compareNumbers)
      .at(-1);
  const moving = [
    { tag: `${major}`, depth: 1 },
    { tag: `${major}.${minor}`, depth: 2 },
    { tag: full, depth: 3 },
    ...(options.latest === false ? [] : [{ tag: 'latest', depth: 0 }]),
  ];
  const judged = moving.map(({ tag, depth }) => {
    const other = options.moveBack === true ? undefined : newest(depth);
    return { tag, newer: other !== undefined && compareNumbers(other, numbers) > 0 ? other.join('.') : undefined };
  });
  return {
    tags: judged.flatMap(({ tag, newer }) => (newer === undefined ? [tag] : [])),
    held: judged.flatMap(({ tag, newer }) => (newer === undefined ? [] : [{ tag, newer }])),
  };
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
