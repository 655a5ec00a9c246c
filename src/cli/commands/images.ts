import { type ListedImage, listImages } from '../../build/images-list.ts';
import { openLocalStore } from '../../build/local-store.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { imageFilter } from '../image-filter.ts';
import { collect } from '../flag-values.ts';
import { ago, bytes, columns } from '../format.ts';
import { fillTemplate } from '../template/fill.ts';

interface ImagesFlags {
  readonly quiet?: boolean;
  readonly filter?: string[];
  readonly digests?: boolean;
  /** `--no-trunc` turns it off. */
  readonly trunc: boolean;
  readonly format?: string;
}

const EXAMPLES = `
Examples:
  polyarch images
      all images of the local store, newest first
  polyarch images 'demo/*:1' --digests
      those of a name, with their digests
  polyarch images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
      one line of one's own for each`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('[name]', 'only images of this name, NAME[:TAG]; * and ? stand for any characters')
      .option('-q, --quiet', 'only the ids')
      .option('-f, --filter <filter>', 'dangling=true|false (without a name, or with one) or reference=NAME', collect)
      .option('--digests', 'show the digests')
      .option('--no-trunc', 'show ids in full')
      .option('--format <format>', 'table, json (one object a line), or a template like {{.Repository}}:{{.Tag}}')
      .addHelpText('after', EXAMPLES)
      .action((name: string | undefined, flags: ImagesFlags) => {
        using local = openLocalStore(context.home);
        print(listImages(local, imageFilter(name, flags.filter ?? [])), flags, context);
        done(0);
      });
  },
};

export default command;

function print(images: readonly ListedImage[], flags: ImagesFlags, { stdout, notice }: CliContext): void {
  const id = (image: ListedImage) =>
    flags.trunc ? image.digest.slice('sha256:'.length, 'sha256:'.length + 12) : image.digest;
  if (flags.quiet === true) return void stdout.write([...new Set(images.map(id))].map((text) => `${text}\n`).join(''));
  const format = flags.format ?? 'table';
  const records = images.map((image) => ({
    Repository: image.repository ?? '<none>',
    Tag: image.tag ?? '<none>',
    ID: id(image),
    Digest: image.digest,
    CreatedAt: new Date(image.created).toISOString(),
    CreatedSince: ago(image.created),
    Size: bytes(image.size),
    Bytes: image.size,
    Platforms: image.platforms,
  }));
  if (format === 'json') return void stdout.write(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  if (format !== 'table') {
    const template = format.replace(/^table\s+/, '');
    return void stdout.write(records.map((record) => `${fillTemplate(template, record)}\n`).join(''));
  }
  const head = [
    'REPOSITORY',
    'TAG',
    ...(flags.digests === true ? ['DIGEST'] : []),
    'IMAGE ID',
    'PLATFORMS',
    'CREATED',
    'SIZE',
  ];
  const rows = records.map((record) => [
    record.Repository,
    record.Tag,
    ...(flags.digests === true ? [record.Digest] : []),
    record.ID,
    record.Platforms.map(({ platform, local }) => (local ? platform : `${platform}*`)).join(','),
    record.CreatedSince,
    record.Size,
  ]);
  stdout.write(columns([head, ...rows]));
  if (images.some((image) => image.platforms.some(({ local }) => !local))) {
    notice('* not in the local store; polyarch pull --platform PLATFORM IMAGE fetches it');
  }
}
