import { type PlatformDescription, describePlatforms } from '../emulation/describe-platforms.ts';
import { cpuFacts, missingFeatures } from '../emulation/cpu-levels.ts';
import { PLATFORM_NAMES } from '../oci/platform-names.ts';
import { parsePlatform } from '../oci/platform.ts';

/** One line of `polyarch platforms`. */
export interface ListedPlatform {
  /** Docker's name. */
  readonly platform: string;
  /** What `uname -m` says. */
  readonly uname: string;
  /** `qemu-<name>` */
  readonly qemu: string;
  /** `GOARCH GOVARIANT=…` */
  readonly go: string;
  readonly debian: string;
  /** Target triple. */
  readonly rust: string;
  readonly mode: PlatformDescription['mode'] | 'unknown';
  /** The same in a few words. */
  readonly runs: string;
  readonly emulator?: string;
  readonly reason?: string;
  readonly mend?: string;
  /** What programs of a native variant may use and this CPU does not have, in Linux's words. */
  readonly lacks?: readonly string[];
}

/** Every Linux platform that is known by name, and how this machine would run it. */
export async function listPlatforms(options: { path: string | undefined }): Promise<readonly ListedPlatform[]> {
  const described = new Map((await describePlatforms(options)).map((one) => [one.architecture, one]));
  const cpu = cpuFacts();
  return PLATFORM_NAMES.map((names): ListedPlatform => {
    const { uname, qemu, debian, rust } = names;
    const platform = parsePlatform(names.docker);
    const how = described.get(platform.architecture);
    const lacks = missingFeatures(platform, cpu);
    return {
      platform: names.docker,
      uname,
      qemu,
      go: names.govariant === undefined ? names.goarch : `${names.goarch} ${names.govariant}`,
      debian,
      rust,
      mode: how?.mode ?? 'unknown',
      runs: how === undefined ? 'no emulator is known' : inWords(how, lacks),
      ...(how?.interpreter === undefined ? {} : { emulator: how.interpreter }),
      ...(how?.reason === undefined ? {} : { reason: how.reason }),
      ...(how?.mend === undefined ? {} : { mend: how.mend }),
      ...(lacks.length === 0 ? {} : { lacks }),
    };
  });
}

function inWords({ mode, interpreter, version, entry, reason }: PlatformDescription, lacks: readonly string[]): string {
  switch (mode) {
    case 'native':
      return lacks.length === 0 ? 'natively' : `natively, but this CPU lacks ${lacks.join(' ')}`;
    case 'private':
      return `emulated, ${interpreter}${version === undefined ? '' : ` ${version}`}`;
    case 'host':
      return `emulated, the host's ${entry} (${interpreter})`;
    case 'none':
      return `no: ${reason}`;
  }
}
