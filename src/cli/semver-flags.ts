import type { Command } from 'commander';
import type { VersionTags } from '../build/version-tags.ts';
import { PolyarchError } from '../util/error.ts';

/** The flags with which an image gets a version's tags. */
export interface SemverFlags {
  readonly tagSemver?: string;
  readonly latest?: boolean;
  readonly moveBack?: boolean;
}

export function semverFlags(command: Command): Command {
  return command
    .option('--tag-semver <version>', 'set the tags of a version: of v1.2.3 they are 1, 1.2, 1.2.3 and latest')
    .option('--no-latest', 'with --tag-semver: leave latest alone')
    .option('--move-back', 'with --tag-semver: move 1, 1.2 and latest also where a newer version is');
}

export function versionTags(flags: SemverFlags): VersionTags | undefined {
  const { tagSemver: version, latest, moveBack } = flags;
  if (version !== undefined) return { version, latest: latest !== false, moveBack: moveBack === true };
  if (latest !== false && moveBack !== true) return undefined;
  throw new PolyarchError('INVALID_ARGUMENT', '--no-latest and --move-back go with --tag-semver VERSION');
}
