import type { Dockerfile } from '../dockerfile/ast.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { formatPlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { type LocalFolder, type OpenedContext, type OpenedDockerfile, openDockerfile } from './open-context.ts';
import type { PlatformInputs } from './platform-inputs.ts';

export interface PlatformDockerfile {
  readonly dockerfile: Dockerfile;
  /** The context as the Dockerfile's ignore file leaves it. */
  readonly folder: LocalFolder;
}

/**
 * Gives each platform its Dockerfile, reading a file once for all platforms that share it. Fails with
 * DOCKERFILE_NOT_FOUND and the like, and as parseDockerfile.
 */
export function dockerfilesOf(
  context: OpenedContext,
  options: { cwd: string; onDockerfile?: (file: OpenedDockerfile) => void },
): (inputs: PlatformInputs) => PlatformDockerfile {
  const parsed = new Map<string | undefined, PlatformDockerfile>();
  return (inputs) => {
    const { file } = inputs;
    const known = parsed.get(file);
    if (known !== undefined) return known;
    const opened = openFor(inputs, { context, cwd: options.cwd });
    options.onDockerfile?.(opened);
    const { folder, bytes, name } = opened;
    const found = { folder, dockerfile: parseDockerfile(bytes, { filename: name }) };
    parsed.set(file, found);
    return found;
  };
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
