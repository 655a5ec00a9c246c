import { placeDetails } from '../dockerfile/failure.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import type { ArchFinding } from './arch-check.ts';
import type { Layers } from './layers.ts';
import type { LayerOrigin, SolvedPlatform } from './platform-results.ts';

/** What becomes of programs of the wrong architecture: `warn` makes errors warnings. */
export type ArchCheckMode = 'error' | 'warn' | 'off';

/** Of a digest: the algorithm and twelve digits. */
const SHORT = 'sha256:'.length + 12;

/** Says what was found, and fails with WRONG_ARCH when some of it is an error. */
export async function reportArchitecture(
  result: SolvedPlatform,
  findings: readonly ArchFinding[],
  { mode, layers, notice }: { mode: ArchCheckMode; layers: Layers; notice: (text: string) => void },
): Promise<void> {
  const told = await Promise.all(
    findings.map(async (finding) => {
      const layer = result.layers.find(({ id }) => id === finding.layer);
      const origin = layer === undefined ? undefined : await result.origin(layer);
      const digest = layer === undefined ? undefined : layers.diffId(layer);
      return { finding, origin, text: sentence(finding, result, { origin, digest }) };
    }),
  );
  const errors = mode === 'error' ? told.filter(({ finding }) => finding.level === 'error') : [];
  for (const { finding, text } of told)
    if (errors.length === 0 || finding.level !== 'error')
      notice(`${finding.level === 'note' ? 'note' : 'warning'}: ${text}`);
  const [first, ...others] = errors;
  if (first === undefined) return;
  const { finding, origin, text } = first;
  const also = others.map((other) => `\n  ${other.text}`).join('');
  const details = { platform: formatPlatform(result.platform), paths: finding.paths, layer: finding.layer };
  throw new PolyarchError('WRONG_ARCH', `${text}${also}`, {
    hint: `${hintFor(finding, result)}; --arch-check=warn lets it pass`,
    details:
      origin?.location === undefined
        ? details
        : placeDetails(details, { location: origin.location, lines: origin.lines }),
  });
}

/** `linux/arm64: /app is a program for linux/amd64 (Dockerfile:4, layer 2 of 3)` */
function sentence(
  { paths, count, what, layer }: ArchFinding,
  { platform, layers }: SolvedPlatform,
  { origin, digest }: { origin: LayerOrigin | undefined; digest: Digest | undefined },
): string {
  const place = layers.findIndex(({ id }) => id === layer);
  const where = [
    origin === undefined ? 'of the base image' : undefined,
    origin?.location === undefined ? origin?.name : `${origin.location.file}:${origin.location.startLine}`,
    `layer ${place + 1} of ${layers.length}${digest === undefined ? '' : ` ${digest.slice(0, SHORT)}`}`,
  ].filter((part) => part !== undefined);
  const more = count > 1 ? `, and so ${count === 2 ? 'is' : 'are'} ${count - 1} more: ${paths.slice(1).join(' ')}` : '';
  const rest = count > paths.length ? ' …' : '';
  return `${formatPlatform(platform)}: ${paths[0]} ${what} (${where.join(', ')})${more}${rest}`;
}

function hintFor({ what }: ArchFinding, { platform, basePlatform }: SolvedPlatform): string {
  if (basePlatform.architecture !== platform.architecture)
    return `the last stage's base is for ${formatPlatform(basePlatform)}: --platform=$BUILDPLATFORM belongs in the FROM of stages that build`;
  if (what.startsWith('needs'))
    return 'link the program statically, or build it on the base that it runs on (glibc and musl have loaders of their own)';
  return 'let the step that makes it build for $TARGETPLATFORM (GOARCH=$TARGETARCH, a cross compiler, or no --platform in its FROM)';
}
