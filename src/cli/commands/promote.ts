import { promoteImage } from '../../build/promote.ts';
import { hasCode } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { openPlaces } from '../places.ts';
import { transferView } from '../progress/transfer.ts';
import { type SemverFlags, semverFlags, versionTags } from '../semver-flags.ts';
import { reportTags } from '../tag-report.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface PromoteFlags extends RegistryFlags, SemverFlags {
  readonly quiet?: boolean;
}

const EXAMPLES = `
The digest stays: every platform, attestation and signature goes along as it is. All content is everywhere before the
first tag moves; a tag that is at the digest already is left alone, so that it may be immutable.

Examples:
  polyarch promote registry.example/app:main-1f3c registry.example/app:1.4 other.example/app:1.4
      a tested image to its release tags, at two registries
  polyarch promote --tag-semver v1.4.2 registry.example/app:main-1f3c registry.example/app
      1, 1.4, 1.4.2 and latest
  polyarch promote local://app:1 registry.example/app:1`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<source>', 'NAME[:TAG][@DIGEST], oci-layout://FOLDER[:TAG] or local://IMAGE')
      .argument('<destination...>', 'NAME[:TAG] or oci-layout://FOLDER[:TAG]')
      .option('-q, --quiet', 'only print the tags')
      .addHelpText('after', EXAMPLES);
    semverFlags(registryFlags(defined)).action(async (source: string, destinations: string[], flags: PromoteFlags) => {
      const version = versionTags(flags);
      await using places = openPlaces(context, flags);
      const view = transferView(`promoting ${source}`, 'Pushed', { quiet: flags.quiet === true, context });
      try {
        const { root, tags } = await promoteImage(
          places,
          { source, destinations },
          {
            ...(version === undefined ? {} : { version }),
            notice: context.notice,
            onProgress: view.onProgress,
            signal: context.signal,
          },
        );
        view.done();
        view.end();
        reportTags(root, tags, context);
      } catch (error) {
        view.end();
        if (!hasCode(error, 'TAGS_INCOMPLETE')) context.notice('no tag was moved');
        throw error;
      }
      done(0);
    });
  },
};

export default command;
