import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isCrossTemplate } from '../dockerfile/cross-template.ts';
import { formatPlatform } from '../oci/platform.ts';
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
  const named =
    request.tags.length > 0 || request.outputs.some((output) => 'names' in output && output.names.length > 0);
  if (request.context.kind !== 'directory' || (request.platforms.length > 0 && named)) return request;
  const file = configOf(request, resolve(cwd, request.context.path), cwd);
  if (file === undefined) return request;
  const config = parseBuildConfig(readFileSync(file, 'utf8'), { file: 'build.config', env });
  const platforms = request.platforms.length > 0 ? request.platforms : config.platforms();
  const tag = named ? undefined : config.tag();
  const told = [
    ...(platforms === request.platforms || platforms.length === 0
      ? []
      : [`--platform ${platforms.map((platform) => formatPlatform(platform)).join(',')}`]),
    ...(tag === undefined ? [] : [`-t ${tag}`]),
  ];
  if (told.length > 0) notice(`build.config gives ${told.join(' ')}`);
  return { ...request, platforms, ...(tag === undefined ? {} : { tags: [tag] }) };
}

/** The `build.config` beside the request's first template. */
function configOf({ files }: BuildRequest, root: string, cwd: string): string | undefined {
  const dockerfiles = files.length === 0 ? [join(root, 'Dockerfile')] : files.map(({ value }) => resolve(cwd, value));
  const template = dockerfiles.find(
    (file) =>
      existsSync(join(dirname(file), 'build.config')) &&
      existsSync(file) &&
      isCrossTemplate(readFileSync(file, 'utf8')),
  );
  return template === undefined ? undefined : join(dirname(template), 'build.config');
}
