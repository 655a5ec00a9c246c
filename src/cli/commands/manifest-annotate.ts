import type { Command } from 'commander';
import { annotateDraft, annotateIndex } from '../../build/draft-create.ts';
import { openDrafts } from '../../build/draft-list.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flag-values.ts';
import { openPlaces } from '../places.ts';

interface AnnotateFlags {
  readonly annotation?: string[];
  readonly arch?: string;
  readonly index?: boolean;
  readonly os?: string;
  readonly osFeatures?: string[];
  readonly osVersion?: string;
  readonly variant?: string;
}

const EXAMPLES = `
Another architecture drops the old one's variant, another system its version and features. An image that is taken anew by
create --amend keeps what was changed of it.

Examples:
  polyarch manifest annotate registry.example/app:1 registry.example/app:1-armv6 --arch arm --variant v6
  polyarch manifest annotate registry.example/app:1 sha256:… --annotation org.example.tested=yes
      one image of an index, by its digest
  polyarch manifest annotate --index registry.example/app:1 --annotation org.opencontainers.image.version=1`;

/** `manifest annotate`, with Docker's flags; `--annotation` and `--index` are podman's. */
export function defineAnnotate(program: Command, context: CliContext, done: (status: number) => void): void {
  program
    .summary('Change what a draft says of an image')
    .description('Change what a draft says of an image')
    .argument('<index>', 'the draft')
    .argument('[image]', 'the image, as it was named to create, or its digest')
    .option('--arch <architecture>', 'set the architecture')
    .option('--os <system>', 'set the operating system')
    .option('--os-version <version>', 'set the operating system’s version')
    .option('--os-features <list>', 'add features of the operating system', collect)
    .option('--variant <variant>', 'set the architecture’s variant; an empty one removes it')
    .option('--annotation <key=value>', 'annotate the image’s entry', collect)
    .option('--index', 'annotate the index itself')
    .addHelpText('after', EXAMPLES)
    .action(async (index: string, image: string | undefined, flags: AnnotateFlags) => {
      const { os, arch: architecture, variant, osVersion, osFeatures = [] } = flags;
      const annotations = keyValues(flags.annotation ?? []);
      const change = {
        ...(os === undefined ? {} : { os }),
        ...(architecture === undefined ? {} : { architecture }),
        ...(variant === undefined ? {} : { variant }),
        ...(osVersion === undefined ? {} : { osVersion }),
        ...(osFeatures.length === 0 ? {} : { osFeatures: osFeatures.join(',').split(',') }),
      };
      using drafts = openDrafts(context.home);
      if (flags.index === true) {
        if (image !== undefined || Object.keys(change).length > 0)
          throw new PolyarchError('INVALID_ARGUMENT', '--index takes no image and no platform', {
            hint: 'for example: polyarch manifest annotate --index NAME --annotation KEY=VALUE',
          });
        annotateIndex(drafts, index, annotations);
        return done(0);
      }
      if (image === undefined)
        throw new PolyarchError('MISSING_ARGUMENT', 'which image is to be annotated?', {
          hint: 'polyarch manifest annotate INDEX IMAGE …; or --index for the index itself',
        });
      await using places = openPlaces(context, {});
      annotateDraft({ places, drafts }, { index, image }, { ...change, annotations });
      done(0);
    });
}

function keyValues(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new PolyarchError('INVALID_ANNOTATION', `--annotation ${JSON.stringify(text)}: it is not KEY=VALUE`, {
        hint: 'for example: --annotation org.example.tested=yes',
      });
    }),
  );
}
