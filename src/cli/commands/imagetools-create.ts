import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createIndex, indexMetadata } from '../../build/index-create.ts';
import { writeFileAtomically } from '../../exporter/atomic-file.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import { messageOf, PolyarchError } from '../../util/error.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../flag-values.ts';
import { openPlaces } from '../places.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface CreateFlags extends RegistryFlags {
  readonly annotation?: string[];
  readonly append?: boolean;
  readonly dryRun?: boolean;
  readonly file?: string[];
  readonly metadataFile?: string;
  readonly platform?: string[];
  readonly preferIndex?: boolean;
  readonly progress: string;
  readonly tag?: string[];
}

const EXAMPLES = `
A source is NAME[:TAG][@DIGEST] at a registry, a digest, a descriptor in JSON, oci-layout://FOLDER[:TAG], or
local://IMAGE for one of the local store. One source that is an index is copied as it is, byte for byte. Signatures
and other referrers go along; tags are set when everything is there.

Examples:
  polyarch imagetools create -t registry.example/app:1 registry.example/app:1-amd64 registry.example/app:1-arm64
      one index over two images
  polyarch imagetools create -t registry.example/app:1 --append registry.example/app:1-riscv64
      one more platform
  polyarch imagetools create -t registry.example/app:1 oci-layout://out
      publish an OCI layout`;

/** `imagetools create`, with buildx's flags. */
export function defineCreate(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Make an index of images that exist')
    .description('Make an index of images that exist')
    .argument('[source...]', 'images and indexes')
    .option('--annotation <annotation>', 'index:KEY=VALUE or manifest-descriptor[PLATFORM]:KEY=VALUE', collect)
    .option('--append', 'add to the image that the first -t names')
    .option('--dry-run', 'print the result instead of pushing it')
    .option('-f, --file <file>', 'read a source from a file', collect)
    .option('--metadata-file <file>', 'write the result’s descriptor and name to a file')
    .option('-p, --platform <list>', 'keep these platforms only', collect)
    .option('--prefer-index', 'make an index even of one image (default)')
    .option('--prefer-index=false', 'leave one image as it is')
    .option('--progress <type>', 'auto, plain, tty or none', 'auto')
    .option('-t, --tag <name>', 'where it goes: NAME[:TAG] or oci-layout://FOLDER[:TAG]', collect)
    .addHelpText('after', EXAMPLES);
  registryFlags(defined).action(async (sources: string[], flags: CreateFlags) => {
    await create(sources, flags, context);
    done(0);
  });
}

async function create(named: readonly string[], flags: CreateFlags, context: CliContext): Promise<void> {
  const sources = [...(flags.file ?? []).map((file) => readSourceFile(resolve(context.cwd, file))), ...named];
  const tags = flags.tag ?? [];
  await using places = openPlaces(context, flags);
  const quiet = flags.progress === 'none' || flags.progress === 'quiet' || flags.dryRun === true;
  const view = transferView(`pushing ${tags.join(', ')}`, 'Pushed', { quiet, context });
  try {
    const made = await createIndex(
      places,
      {
        sources,
        tags,
        append: flags.append === true,
        annotations: flags.annotation ?? [],
        preferIndex: flags.preferIndex !== false,
        platforms: parsePlatforms(flags.platform ?? []),
        dryRun: flags.dryRun === true,
      },
      { notice: context.notice, onProgress: view.onProgress, signal: context.signal },
    );
    view.done();
    view.end();
    if (flags.dryRun === true) context.stdout.write(`${Buffer.from(made.content).toString('utf8')}\n`);
    else if (flags.metadataFile !== undefined)
      await writeFileAtomically(resolve(context.cwd, flags.metadataFile), [indexMetadata(made)]);
    if (quiet) return;
    for (const { target, tag, moved } of made.tags)
      context.notice(`${target.name}:${tag}: ${moved ? '' : 'already '}at ${made.descriptor.digest}`);
  } finally {
    view.end();
  }
}

function readSourceFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PolyarchError('INVALID_ARGUMENT', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
