import type { OutputSpec } from '../exporter/output-spec.ts';
import { semverTags, type SemverOptions } from '../manifest/semver-tags.ts';
import { formatReference, parseReference, repositoryName } from '../oci/reference.ts';
import { hasCode, PolyarchError } from '../util/error.ts';
import type { BuildRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

/** `--tag-semver` and what goes with it. */
export interface VersionTags extends SemverOptions {
  readonly version: string;
}

/** A tag that stays for a newer version, as a person is told. */
export function heldNotice(name: string, newer: string): string {
  return `note: ${name} stays: ${newer} is there; --move-back moves it`;
}

/** Everything that a listing gives; nothing where there is no such repository yet. */
export async function existingTags(tags: AsyncIterable<string>): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for await (const tag of tags) found.push(tag);
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error;
  }
  return found;
}

/** Finds bad names before anything is built. Fails with INVALID_REFERENCE, INVALID_VERSION, TAG_REQUIRED and INVALID_OUTPUT. */
export function checkVersion(
  { tags, version }: Pick<BuildRequest, 'tags' | 'version'>,
  outputs: readonly OutputSpec[],
): void {
  for (const tag of tags) parseReference(tag);
  if (version === undefined) return;
  semverTags(version.version, []);
  if (tags.length === 0) {
    throw new PolyarchError('TAG_REQUIRED', `--tag-semver ${version.version}: there is no name to tag`, {
      hint: 'give the repository too: -t REGISTRY/NAME',
    });
  }
  if (outputs.some((output) => output.kind === 'image' && output.pushByDigest)) {
    throw new PolyarchError('INVALID_OUTPUT', 'push-by-digest=true sets no tag, but --tag-semver asks for some', {
      hint: 'give --tag-semver to polyarch merge, which joins the results',
    });
  }
}

/**
 * The names that a build sets, its version's tags among them in the place of a name without a tag. What is there is asked of the
 * registry for a build that pushes, else of the local store.
 */
export async function buildTags(
  workspace: Workspace,
  request: Pick<BuildRequest, 'tags' | 'version'>,
  options: {
    readonly outputs: readonly OutputSpec[];
    readonly notice: (text: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<readonly string[]> {
  const { version } = request;
  if (version === undefined) return [...new Set(request.tags.map((tag) => formatReference(parseReference(tag))))];
  const pushed = options.outputs.filter((output) => output.kind === 'image' && output.push);
  const insecure = pushed.some((output) => output.kind === 'image' && output.insecure);
  const existing = async (name: string): Promise<readonly string[]> => {
    const { domain } = parseReference(name);
    if (pushed.length > 0) {
      const client = await workspace.registry({ insecure: insecure ? [domain] : [] });
      return existingTags(client.repository(name).tags({ signal: options.signal }));
    }
    const names = workspace.engine.store.list().map((image) => image.name);
    return names.flatMap((text) => (text.startsWith(`${name}:`) ? [text.slice(name.length + 1)] : []));
  };
  const found: string[] = [];
  for (const written of request.tags) {
    const reference = parseReference(written, { defaultTag: null });
    const name = repositoryName(reference);
    if (reference.tag !== undefined) found.push(formatReference(reference));
    const { tags, held } = semverTags(version.version, await existing(name), version);
    for (const { tag, newer } of held) options.notice(heldNotice(`${name}:${tag}`, newer));
    found.push(...tags.map((tag) => `${name}:${tag}`));
  }
  return [...new Set(found)];
}
