import { resolve } from 'node:path';
import { indexMetadata } from '../../build/index-create.ts';
import { mergeImages } from '../../build/merge.ts';
import { writeFileAtomically } from '../../exporter/atomic-file.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { hasCode } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { collect } from '../flag-values.ts';
import { openPlaces } from '../places.ts';
import { transferView } from '../progress/transfer.ts';
import { type SemverFlags, semverFlags, versionTags } from '../semver-flags.ts';
import { reportTags } from '../tag-report.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface MergeFlags extends RegistryFlags, SemverFlags {
  readonly annotation?: string[];
  readonly metadataFile?: string;
  readonly platform?: string[];
  readonly quiet?: boolean;
  readonly tag: string[];
}

const EXAMPLES = `
Each machine pushes without a tag, and keeps what it made:
  polyarch build --platform linux/arm64 -t registry.example/app -o type=image,push=true,push-by-digest=true \\
      --metadata-file arm64.json .

Examples:
  polyarch merge -t registry.example/app:1 --platform linux/amd64,linux/arm64 amd64.json arm64.json
      one index; refused when a platform is missing or comes twice
  polyarch merge -t registry.example/app --tag-semver v1.4.2 results/
      a folder of metadata files, OCI layouts, archives, or files named after digests
  polyarch merge -t registry.example/app:1 registry.example/app@sha256:… oci-layout://arm64`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<source...>', 'metadata files, OCI layouts and archives, folders of these, digests, NAME@DIGEST')
      .requiredOption('-t, --tag <name>', 'where it goes: NAME[:TAG] or oci-layout://FOLDER[:TAG]', collect)
      .option('--platform <list>', 'the platforms that must be there, each once', collect)
      .option('--annotation <annotation>', 'index:KEY=VALUE or manifest-descriptor[PLATFORM]:KEY=VALUE', collect)
      .option('--metadata-file <file>', 'write the result’s descriptor and name to a file')
      .option('-q, --quiet', 'only print the tags')
      .addHelpText('after', EXAMPLES);
    semverFlags(registryFlags(defined)).action(async (sources: string[], flags: MergeFlags) => {
      const version = versionTags(flags);
      const { cwd, notice, signal } = context;
      await using places = openPlaces(context, flags);
      const view = transferView(`merging into ${flags.tag.join(', ')}`, 'Pushed', {
        quiet: flags.quiet === true,
        context,
      });
      const platforms = parsePlatforms(flags.platform ?? []);
      try {
        const made = await mergeImages(
          places,
          { sources, tags: flags.tag, platforms, annotations: flags.annotation ?? [], cwd },
          { ...(version === undefined ? {} : { version }), notice, onProgress: view.onProgress, signal },
        );
        view.done();
        view.end();
        if (flags.metadataFile !== undefined)
          await writeFileAtomically(resolve(cwd, flags.metadataFile), [indexMetadata(made)]);
        reportTags(made.descriptor, made.tags, context);
      } catch (error) {
        view.end();
        if (!hasCode(error, 'TAGS_INCOMPLETE', 'MERGE_PLATFORMS')) notice('no tag was moved');
        throw error;
      }
      done(0);
    });
  },
};

export default command;
