import type { Command } from 'commander';
import { type Inspected, inspectImage, rawImage } from '../../build/index-inspect.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliContext } from '../context.ts';
import { openPlaces } from '../places.ts';
import { fieldsRead, fillTemplate } from '../template/fill.ts';
import { type RegistryFlags, registryFlags } from '../workspace.ts';

interface InspectFlags extends RegistryFlags {
  readonly format?: string;
  readonly raw?: boolean;
}

const EXAMPLES = `
Template fields: .Name, .Manifest, .Image, .Provenance and .SBOM; the latter three are by platform when there are several.

Examples:
  polyarch imagetools inspect debian:bookworm
      the platforms of an image
  polyarch imagetools inspect --format '{{.Manifest.Digest}}' debian:bookworm
      its digest
  polyarch imagetools inspect --format '{{json (index .Image "linux/s390x")}}' debian:bookworm
      one platform's config
  polyarch imagetools inspect --raw oci-layout://out
      the manifest or index, byte for byte`;

/** `imagetools inspect`, as buildx prints it. */
export function defineInspect(program: Command, context: CliContext, done: (status: number) => void): void {
  const defined = program
    .summary('Describe an image where it is')
    .description('Describe an image where it is: a registry, oci-layout://FOLDER or local://IMAGE')
    .argument('<name>', 'NAME[:TAG][@DIGEST], oci-layout://FOLDER[:TAG] or local://IMAGE')
    .option('--format <template>', 'a Go template')
    .option('--raw', 'the bytes of the manifest or index')
    .addHelpText('after', EXAMPLES);
  registryFlags(defined).action(async (name: string, flags: InspectFlags) => {
    if (flags.raw === true && flags.format !== undefined)
      throw new PolyarchError('INVALID_ARGUMENT', '--format and --raw do not go together');
    await using places = openPlaces(context, flags);
    const { signal, stdout } = context;
    if (flags.raw === true) stdout.write(await rawImage(places, name, { signal }));
    else stdout.write(await described(await inspectImage(places, name, { signal }), flags.format, context));
    done(0);
  });
}

const FIELDS = ['Name', 'Manifest', 'Image', 'Provenance', 'SBOM'];

async function described(image: Inspected, format: string | undefined, context: CliContext): Promise<string> {
  if (format === undefined || /^\s*\{\{\s*\.Manifest\s*\}\}\s*$/.test(format)) {
    for (const finding of await image.diagnose()) context.notice(finding);
    return table(image);
  }
  const read = fieldsRead(format);
  const attestations = read.has('provenance') || read.has('sbom');
  const { provenance, sbom, ...shown } = await image.template({
    images: read.has('.') || read.has('image'),
    attestations,
  });
  // `{{.}}` and `{{json .}}` have the first three only, as buildx has it.
  const data = attestations ? { ...shown, provenance, sbom } : shown;
  return `${fillTemplate(format, data, { functions: { json: indentedJson }, fields: FIELDS })}\n`;
}

/** As Go's encoder writes it. */
function indentedJson(value: unknown): string {
  const text = JSON.stringify(value ?? null, null, 2);
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function table({ name, entryName, root }: Inspected): string {
  const { mediaType, digest } = root.descriptor;
  const head = `Name:      ${name}\nMediaType: ${mediaType}\nDigest:    ${digest}\n`;
  return root.entries === undefined ? head : `${head}\nManifests:\n${entryLines(root.entries, entryName)}`;
}

/** The columns are as wide as buildx has them: anew after each list of annotations. */
function entryLines(entries: readonly Descriptor[], entryName: (digest: string) => string): string {
  let out = '';
  let rows: [string, string][] = [];
  const flush = (): void => {
    out += aligned(rows);
    rows = [];
  };
  for (const [i, { digest, mediaType, platform, urls, annotations }] of entries.entries()) {
    if (i > 0) rows.push(['', '']);
    rows.push(['  Name:', entryName(digest)], ['  MediaType:', mediaType]);
    if (platform !== undefined) {
      rows.push(['  Platform:', formatPlatform(platform)]);
      if (platform['os.version'] !== undefined) rows.push(['  OSVersion:', platform['os.version']]);
      if (platform['os.features'] !== undefined) rows.push(['  OSFeatures:', platform['os.features'].join(', ')]);
      if (urls !== undefined && urls.length > 0) rows.push(['  URLs:', urls.join(', ')]);
    }
    const more = Object.entries(annotations ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (more.length === 0) continue;
    rows.push(['  Annotations:', '']);
    flush();
    out += aligned(more.map(([key, value]) => [`    ${key}:`, value]));
  }
  flush();
  return out;
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([key]) => key.length)) + 1;
  return rows.map(([key, value]) => `${`${key.padEnd(width)}${value}`.trimEnd()}\n`).join('');
}
