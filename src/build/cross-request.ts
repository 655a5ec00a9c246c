import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isCrossTemplate } from '../dockerfile/cross-template.ts';
import { formatPlatform } from '../oci/platform.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
import { hasCode } from '../util/error.ts';
import { parseBuildConfig } from './build-config.ts';
import type { BuildRequest } from './request.ts';

export interface CrossRequestOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notice: (text: string) => void;
}

/**
 * The request, with the platforms and the name of the `build.config` beside a `Dockerfile.cross` on this machine where
 * it has none of its own. Fails with BUILD_CONFIG_INVALID and UNKNOWN_PLATFORM.
 */
export function withBuildConfig(request: BuildRequest, { cwd, env, notice }: CrossRequestOptions): BuildRequest {
  const { context } = request;
  if (context.kind !== 'directory') return request;
  const root = context.path;
  const place = (path: string) => resolve(cwd, ...(request.files.length === 0 ? [root] : []), path);
  const found = configOf(request, { place, env });
  if (found === undefined) return request;
  notice(`build.config gives ${found.flags}`);
  const { platforms, tag } = found;
  return { ...request, platforms, ...(tag === undefined ? {} : { tags: [tag] }) };
}

/**
 * Says what the `build.config` of a fetched context would give, as the platforms and the name of a build are settled
 * before its context is fetched.
 */
export function tellFetchedConfig(
  request: BuildRequest,
  root: string,
  { env, notice }: Omit<CrossRequestOptions, 'cwd'>,
): void {
  const tell = (what: string) => notice(`the build.config of a context that is fetched is not used: give ${what}`);
  try {
    const found = configOf(request, { place: (path) => resolveInRoot(root, path), env });
    if (found !== undefined) tell(found.flags);
  } catch (error) {
    if (!hasCode(error, 'BUILD_CONFIG_INVALID', 'UNKNOWN_PLATFORM')) throw error;
    tell('--platform and -t');
  }
}

interface GivenByConfig {
  readonly platforms: BuildRequest['platforms'];
  readonly tag: string | undefined;
  /** The same, as the person would write it. */
  readonly flags: string;
}

/** What the `build.config` beside the first template gives that the request has not; undefined for nothing. */
function configOf(
  request: BuildRequest,
  { place, env }: { place: (path: string) => string; env: CrossRequestOptions['env'] },
): GivenByConfig | undefined {
  const named =
    request.tags.length > 0 || request.outputs.some((output) => 'names' in output && output.names.length > 0);
  if (request.platforms.length > 0 && named) return undefined;
  const dockerfiles = request.files.length === 0 ? ['Dockerfile'] : request.files.map(({ value }) => value);
  const config = dockerfiles
    .filter((name) => {
      const [file, beside] = [place(name), place(join(dirname(name), 'build.config'))];
      return isFile(beside) && isFile(file) && isCrossTemplate(readFileSync(file, 'utf8'));
    })
    .map((name) => readFileSync(place(join(dirname(name), 'build.config')), 'utf8'))
    .map((text) => parseBuildConfig(text, { file: 'build.config', env }))[0];
  if (config === undefined) return undefined;
  const platforms = request.platforms.length > 0 ? request.platforms : config.platforms();
  const tag = named ? undefined : config.tag();
  const flags = [
    ...(platforms === request.platforms || platforms.length === 0
      ? []
      : [`--platform ${platforms.map((platform) => formatPlatform(platform)).join(',')}`]),
    ...(tag === undefined ? [] : [`-t ${tag}`]),
  ];
  return flags.length === 0 ? undefined : { platforms, tag, flags: flags.join(' ') };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
