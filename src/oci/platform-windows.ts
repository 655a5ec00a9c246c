/** Builds of Windows whose containers later hosts run too (long-term servicing releases since 2022). */
const LTSC_BUILDS = [20348, 26100];

/**
 * Whether a Windows host of version `host` (10.0.BUILD) runs an image of version `image`, by Microsoft's rules for
 * process isolation: until build 20348 only the same build, then from the latest long-term release down to which
 * the host reaches. True when either is not known.
 */
export function windowsVersionMatches(host: string | undefined, image: string | undefined): boolean {
  if (host === undefined || host === '' || image === undefined || image === '') return true;
  const [hostMajor, hostMinor, hostBuild] = parse(host);
  const [imageMajor, imageMinor, imageBuild] = parse(image);
  if (hostMajor !== imageMajor || hostMinor !== imageMinor) return false;
  if (hostBuild === imageBuild) return true;
  const release = LTSC_BUILDS.findLast((build) => build <= hostBuild);
  return release !== undefined && release <= imageBuild && imageBuild <= hostBuild;
}

function parse(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, build = 0] = version.split('.').map(Number);
  return [major, minor, build];
}
