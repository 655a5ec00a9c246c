import { PLATFORM_NAMES, type PlatformNames } from '../../oci/platform-names.ts';
import { formatPlatform } from '../../oci/platform-parse.ts';
import type { Platform } from '../../oci/platform.ts';
import { ALPINE, C_TOOLS, COMPILERS, type Compiler, crossClang, needsGoarm } from './compilers.ts';

/**
 * Tools whose way to the building machine needs a person's eye, so that the lint does not ask for it; `polyarch plan`
 * shows it.
 */
const MORE: readonly Compiler[] = [
  {
    command: /^go (?:build|install)\b/,
    why: 'with a cross gcc, Go and C compile natively; C libraries beside libc are wanted for the target too',
    excludes: (_, text) => !(/\bCGO_ENABLED=["']?1/.test(text) || C_TOOLS.test(text)),
    args: [],
    before: ({ base, platforms }) =>
      ALPINE.test(base)
        ? crossClang({ base })
        : [
            `RUN apt-get update && apt-get install -y ${crossPackages(platforms).join(' ')}`,
            `ARG TARGETPLATFORM TARGETOS TARGETARCH${needsGoarm(platforms) ? ' TARGETVARIANT' : ''}`,
          ],
    replace: (line, { base, platforms }) =>
      ALPINE.test(base)
        ? line.replaceAll(
            /(?<![\w./-])go (?=(?:build|install)\b)/g,
            /\bCGO_ENABLED=/.test(line) ? 'xx-go ' : 'CGO_ENABLED=1 xx-go ',
          )
        : inShell(
            line,
            `${choose('CC', platforms, { of: ({ gnu }) => `${gnu}-gcc`, other: 'gcc' })} export CC CGO_ENABLED=1 ` +
              `GOOS=$TARGETOS GOARCH=$TARGETARCH${needsGoarm(platforms) ? ' GOARM=${TARGETVARIANT#v}' : ''};`,
          ),
  },
  {
    command: /^(?:pip3?|python3? -m pip) install\b(?!.* (?:-e|--editable|\.)(?: |$))(?!.* --target\b)/,
    why: 'pip fetches ready-made wheels for any platform; a package without one has to be compiled emulated',
    args: ['TARGETPLATFORM'],
    replace: (line, { base, platforms }) => {
      const kind = ALPINE.test(base) ? 'musllinux_1_2' : 'manylinux2014';
      const flags = `--only-binary=:all: --platform ${kind}_$m --target /packages`;
      const cross = line.replaceAll(/(?<=\bpip3? )install (?!--target)/g, `install ${flags} `);
      return inShell(cross, choose('m', platforms, { of: ({ uname }) => uname, other: '$(uname -m)' }));
    },
    after: ['/packages /packages', 'ENV PYTHONPATH=/packages'],
  },
  {
    command: /^(?:npm (?:ci|i|install)|pnpm (?:i|install)|yarn(?: install)?)(?= -| *$)/,
    why: 'packages of plain JavaScript are the same for every platform; those with native addons are not',
    args: [],
    after: ['/app/node_modules /app/node_modules'],
  },
];

/** All of which `polyarch plan` knows how they run on the building machine. */
export const ALL_COMPILERS: readonly Compiler[] = [
  // Whether it is in the image that is made is no hindrance for a person.
  ...COMPILERS.map(({ excludes, ...compiler }): Compiler => {
    return {
      ...compiler,
      ...(excludes === undefined ? {} : { excludes: (view, text) => excludes({ ...view, inResult: false }, text) }),
    };
  }),
  ...MORE,
];

function namesOf(platforms: readonly Platform[]): readonly PlatformNames[] {
  const wanted = new Set(platforms.map((platform) => formatPlatform(platform)));
  return PLATFORM_NAMES.filter(({ docker }) => wanted.has(docker));
}

/** Debian's, of C. */
function crossPackages(platforms: readonly Platform[]): readonly string[] {
  const packages = namesOf(platforms).flatMap(({ gnu, debian }) => [`gcc-${gnu}`, `libc6-dev-${debian}-cross`]);
  return [...new Set(packages)];
}

/** A shell `case` that sets a variable by the platform. */
function choose(
  variable: string,
  platforms: readonly Platform[],
  { of, other }: { of: (names: PlatformNames) => string; other: string },
): string {
  const cases = namesOf(platforms).map((names) => `${names.docker}*) ${variable}=${of(names)};;`);
  return `case $TARGETPLATFORM in ${cases.join(' ')} *) ${variable}=${other};; esac;`;
}

/** A RUN with commands before its own; the exec form and heredocs stay as they are. */
function inShell(line: string, commands: string): string {
  return line.replace(/^(\s*RUN\s+(?:--\S+\s+)*)(?![\s[<-])/i, (head) => `${head}${commands} `);
}
