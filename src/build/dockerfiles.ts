import { existsSync } from 'node:fs';
import type { Dockerfile } from '../dockerfile/ast.ts';
import { fillCrossTemplate, isCrossTemplate, withoutMissingEmulators } from '../dockerfile/cross-template.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import { resolveInRoot } from '../snapshot/rooted-path.ts';
import { PolyarchError } from '../util/error.ts';
import { patternMatcher } from '../util/patterns.ts';
import { type LocalFolder, type OpenedContext, type OpenedDockerfile, openDockerfile } from './open-context.ts';
import type { PlatformInputs } from './platform-inputs.ts';

export interface PlatformDockerfile {
  readonly dockerfile: Dockerfile;
  /** The context as the Dockerfile's ignore file leaves it. */
  readonly folder: LocalFolder;
  /** It was made of a `Dockerfile.cross`: its bases may be of Docker Hub's users for one architecture. */
  readonly isCross: boolean;
}

export interface DockerfilesOptions {
  readonly cwd: string;
  readonly buildPlatform: Platform;
  readonly notice: (text: string) => void;
  /** Told of each file that is read, before it is parsed. */
  readonly onDockerfile?: (file: OpenedDockerfile) => void;
}

/**
 * Gives each platform its Dockerfile, reading a file once for all platforms that share it. Fails with
 * DOCKERFILE_NOT_FOUND and the like, and as parseDockerfile.
 */
export function dockerfilesOf(
  context: OpenedContext,
  options: DockerfilesOptions,
): (inputs: PlatformInputs) => PlatformDockerfile {
  const opened = new Map<string, (platform: Platform) => PlatformDockerfile>();
  return (inputs) => {
    const ignoreSyntax = (inputs.buildArgs.get('BUILDKIT_SYNTAX') ?? '') !== '';
    const key = JSON.stringify([ignoreSyntax, inputs.file]);
    const known = opened.get(key) ?? reader(openFor(inputs, { context, ...options }), { ...options, ignoreSyntax });
    opened.set(key, known);
    return known(inputs.platform);
  };
}

function reader(
  file: OpenedDockerfile,
  options: DockerfilesOptions & { ignoreSyntax: boolean },
): (platform: Platform) => PlatformDockerfile {
  const { bytes, folder, name } = file;
  const parsing = { filename: name, ignoreSyntax: options.ignoreSyntax };
  options.onDockerfile?.(file);
  const text = Buffer.from(bytes).toString();
  if (!isCrossTemplate(text)) {
    const dockerfile = parseDockerfile(bytes, parsing);
    return () => ({ dockerfile, folder, isCross: false });
  }
  const { buildPlatform, notice } = options;
  const made = new Map<string, PlatformDockerfile>();
  return (platform) => {
    const shown = formatPlatform(platform);
    const known = made.get(shown);
    if (known !== undefined) return known;
    const parsed = parseDockerfile(fillCrossTemplate(text, { platform, buildPlatform }), parsing);
    const { dockerfile, removed } = withoutMissingEmulators(parsed, (path) => isThere(path, folder));
    for (const { source, line } of removed) {
      notice(
        `${name}:${line}: ${source} is not in the context and is left out: ${shown} needs no emulator in the image`,
      );
    }
    const found = { dockerfile, folder, isCross: true };
    made.set(shown, found);
    return found;
  };
}

function isThere(path: string, { path: root, excludes }: LocalFolder): boolean {
  const relative = path.replace(/^(?:\.?\/)+/, '');
  return !patternMatcher(excludes).matches(relative) && existsSync(resolveInRoot(root, relative));
}

function openFor(
  { file, platform }: PlatformInputs,
  { context, cwd }: { context: OpenedContext; cwd: string },
): OpenedDockerfile {
  try {
    return openDockerfile(context, { cwd, ...(file === undefined ? {} : { file }) });
  } catch (error) {
    if (!(error instanceof PolyarchError) || file === undefined) throw error;
    throw new PolyarchError(error.code, `${error.message} (for ${formatPlatform(platform)})`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      details: { ...error.details, platform: formatPlatform(platform) },
      cause: error,
    });
  }
}
