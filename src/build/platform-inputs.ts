import { type Platform, formatPlatform } from '../oci/platform.ts';
import { formatPlatformPattern, matchesPattern } from '../oci/platform-pattern.ts';
import { PolyarchError } from '../util/error.ts';
import { nearest } from '../util/nearest.ts';
import type { TestCommand } from './image-test.ts';
import { type PlaceholderOptions, fillPlaceholders } from './placeholders.ts';
import type { Assignment, BuildRequest, Scoped, SecretInput } from './request.ts';

/** What of a request holds for one platform, with its placeholders filled in. */
export interface PlatformInputs {
  readonly platform: Platform;
  readonly file?: string;
  readonly target?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly contexts: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** By the id that the Dockerfile names. */
  readonly secrets: ReadonlyMap<string, PlatformSecret>;
  /** All that fit, in order; a shell's braces stay as they are. */
  readonly tests: readonly TestCommand[];
}

export interface PlatformSecret {
  /** Tells it in the graph from another platform's secret of the same id, so that no step is shared that reads both. */
  readonly key: string;
  readonly secret: SecretInput;
}

type PerPlatform = Pick<BuildRequest, 'files' | 'targets' | 'buildArgs' | 'contexts' | 'labels' | 'secrets' | 'tests'>;

/**
 * A request's inputs for each of its platforms, in their order. Of what is given for a platform the most specific
 * prefix wins (`linux/arm/v7=`, `linux/arm=`, none), then the last. Fails with PLATFORM_NOT_BUILT and
 * UNKNOWN_PLACEHOLDER.
 */
export function platformInputs(request: PerPlatform, platforms: readonly Platform[]): readonly PlatformInputs[] {
  const given: readonly (readonly [string, readonly Scoped<unknown>[]])[] = [
    ['--file', request.files],
    ['--target', request.targets],
    ['--build-arg', request.buildArgs],
    ['--build-context', request.contexts],
    ['--label', request.labels],
    ['--secret', request.secrets],
    ['--test', request.tests?.commands ?? []],
  ];
  for (const [flag, list] of given) for (const scoped of list) checkBuilt(scoped, { flag, platforms });
  return platforms.map((platform) => inputsOf(request, platform));
}

function inputsOf(request: PerPlatform, platform: Platform): PlatformInputs {
  const name = (flag: string): PlaceholderOptions => ({ platform, flag, in: 'name' });
  const text = (flag: string): PlaceholderOptions => ({ platform, flag, in: 'text' });
  // Empty is the default, as in buildx.
  const file = request.files.reduce(moreSpecific(platform), undefined)?.value || undefined;
  const target = request.targets.reduce(moreSpecific(platform), undefined)?.value || undefined;
  return {
    platform,
    ...(file === undefined ? {} : { file: fillPlaceholders(file, name('--file')) }),
    ...(target === undefined ? {} : { target: fillPlaceholders(target, name('--target')) }),
    buildArgs: assignments(request.buildArgs, text('--build-arg')),
    contexts: assignments(request.contexts, name('--build-context')),
    labels: assignments(request.labels, text('--label')),
    secrets: secretsOf(request.secrets, name('--secret')),
    tests: (request.tests?.commands ?? [])
      .filter((test) => test.platform === undefined || matchesPattern(test.platform, platform))
      .map(({ value }) => value),
  };
}

function assignments(list: readonly Scoped<Assignment>[], options: PlaceholderOptions): ReadonlyMap<string, string> {
  const chosen = choose(list, { platform: options.platform, key: ({ name }) => name });
  return new Map(
    [...chosen].map(([name, { value }]) => [
      name,
      value.literal === true
        ? value.value
        : fillPlaceholders(value.value, { ...options, flag: `${options.flag} ${name}` }),
    ]),
  );
}

function secretsOf(list: readonly Scoped<SecretInput>[], options: PlaceholderOptions): PlatformInputs['secrets'] {
  const chosen = choose(list, { platform: options.platform, key: ({ id }) => id });
  return new Map(
    [...chosen].map(([id, { value, platform }]): [string, PlatformSecret] => {
      const fill = (text: string) => fillPlaceholders(text, { ...options, flag: `${options.flag} id=${id}` });
      const secret: SecretInput =
        'file' in value ? { id, file: fill(value.file) } : { id, variable: fill(value.variable) };
      const filled = JSON.stringify(secret) !== JSON.stringify(value);
      const scope = filled ? formatPlatform(options.platform) : platform && formatPlatformPattern(platform);
      if (scope !== undefined && /^(?:GIT|HTTP)_AUTH_/.test(id)) throw sharedSecret(id);
      return [id, { key: scope === undefined ? id : `${id}@${scope}`, secret }];
    }),
  );
}

function sharedSecret(id: string): PolyarchError {
  const message = `--secret id=${id}: what addresses are fetched with is the same for all platforms`;
  return new PolyarchError('INVALID_ARGUMENT', message, { hint: `--secret id=${id},src=FILE` });
}

/** For each key what holds for the platform. */
function choose<T>(
  list: readonly Scoped<T>[],
  { platform, key }: { platform: Platform; key: (value: T) => string },
): Map<string, Scoped<T>> {
  const better = moreSpecific<T>(platform);
  const found = new Map<string, Scoped<T>>();
  for (const scoped of list) {
    const name = key(scoped.value);
    const best = better(found.get(name), scoped);
    if (best !== undefined) found.set(name, best);
  }
  return found;
}

function moreSpecific<T>(platform: Platform): (best: Scoped<T> | undefined, next: Scoped<T>) => Scoped<T> | undefined {
  return (best, next) => {
    if (next.platform !== undefined && !matchesPattern(next.platform, platform)) return best;
    return best === undefined || specificity(next) >= specificity(best) ? next : best;
  };
}

function specificity({ platform }: Scoped<unknown>): number {
  if (platform === undefined) return 0;
  return platform.anyVariant ? 1 : 2;
}

/** A prefix that fits no platform of the build is most likely a slip. */
function checkBuilt(
  { platform: pattern }: Scoped<unknown>,
  { flag, platforms }: { flag: string; platforms: readonly Platform[] },
): void {
  if (pattern === undefined || platforms.some((platform) => matchesPattern(pattern, platform))) return;
  const prefix = formatPlatformPattern(pattern);
  const built = platforms.map((platform) => formatPlatform(platform));
  const near = nearest(prefix, built);
  throw new PolyarchError('PLATFORM_NOT_BUILT', `${flag} ${prefix}=…: this build is not for ${prefix}`, {
    hint: `it is for ${built.join(', ')}${near === undefined ? '' : `; did you mean ${near}=?`}`,
    details: { flag, platform: prefix, platforms: built },
  });
}
