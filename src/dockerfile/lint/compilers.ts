import type { Platform } from '../../oci/platform.ts';
import type { Stage } from '../ast.ts';
import { type StageView, baseOf } from './stage-view.ts';

/** A kind of compiler that makes code for another platform than the one it runs on, or code for any. */
export interface Compiler {
  /** The command that compiles, from its first word on. */
  readonly command: RegExp;
  readonly why: string;
  /** The stage cannot do without the target's platform, or it is not known that it can. */
  readonly excludes?: (view: StageView, text: string) => boolean;
  /** Platform arguments that the rewritten line needs. */
  readonly args: readonly string[] | ((platforms: readonly Platform[]) => readonly string[]);
  /** Lines to put before the first command. */
  readonly before?: readonly string[] | ((of: { base: string; platforms: readonly Platform[] }) => readonly string[]);
  /** The instruction rewritten; `text` is all that the stage runs and sets, `base` its image as it is written. */
  readonly replace?: (line: string, of: { text: string; base: string; platforms: readonly Platform[] }) => string;
  /** What a last stage copies, and lines that it needs besides; default is not known. */
  readonly after?: readonly [copied: string, ...lines: string[]];
}

export const ALPINE = /alpine|musl/;

/** Lines that bring the xx image's tools, clang, and a C library for the target. */
export function crossClang({ base }: { base: string }): readonly string[] {
  const install = ALPINE.test(base)
    ? 'apk add clang lld && xx-apk add gcc g++ musl-dev'
    : 'apt-get update && apt-get install -y clang lld && xx-apt-get install -y gcc g++ libc6-dev';
  return ['COPY --from=tonistiigi/xx / /', 'ARG TARGETPLATFORM', `RUN ${install}`];
}
/** Where builds of web pages and libraries go, node_modules apart. */
const BUNDLE = /(?:^|\/)(?:dist|build|out|public|www|static|html|\.output|_site|storybook-static)(?:\/|$)/;
export const C_TOOLS = /\b(?:gcc|clang|build-base|build-essential|musl-dev|libc-dev|libc6-dev)\b|\bg\+\+/;

/** Text that none of them is in need not be looked at. */
export const MENTIONS_COMPILER =
  /\b(?:go|cargo|gcc|cc|make|gmake|ninja|clang|npm|npx|pip3?|pnpm|yarn|bun|tsc|vite|webpack|rollup|ng|next|astro|parcel|mvn|mvnw|gradle|gradlew|dotnet)\b|[gc]\+\+/;

/** Images in which make is most likely not about C. */
const OTHER_LANGUAGE = /\b(?:golang|node|rust|python|ruby|php|openjdk|maven|gradle|sdk)\b/;

export const COMPILERS: readonly Compiler[] = [
  {
    command: /^go (?:build|install)\b/,
    why: 'Go makes programs for any platform on any other',
    excludes: (_, text) => /\bCGO_ENABLED=["']?1/.test(text) || C_TOOLS.test(text),
    args: (platforms) => ['TARGETOS', 'TARGETARCH', ...(needsGoarm(platforms) ? ['TARGETVARIANT'] : [])],
    replace: (line, { text, platforms }) => {
      const settings = [
        ...(/\bCGO_ENABLED=/.test(text) ? [] : ['CGO_ENABLED=0']),
        ...(/\bGOOS=/.test(line) ? [] : ['GOOS=$TARGETOS']),
        ...(/\bGOARCH=/.test(line) ? [] : ['GOARCH=$TARGETARCH']),
        ...(/\bGOARM=/.test(line) || !needsGoarm(platforms) ? [] : ['GOARM=${TARGETVARIANT#v}']),
      ];
      return line.replaceAll(/(?<![\w./-])go (?=(?:build|install)\b)/g, `${[...settings, 'go'].join(' ')} `);
    },
  },
  {
    command: /^cargo (?:build|install|b)\b/,
    why: 'Rust compiles for other targets (here by way of the xx image)',
    args: [],
    before: crossClang,
    replace: (line) => line.replaceAll(/(?<![\w./-])cargo (?=(?:build|install|b)\b)/g, 'xx-cargo '),
  },
  {
    command: /^(?:gcc|cc|g\+\+|c\+\+|clang|clang\+\+|make|gmake|ninja)(?= |$)/,
    why: 'a cross compiler does the same natively (here by way of the xx image)',
    // What make does for other languages is not known.
    excludes: (view, text) => {
      const base = baseOf(view);
      return view.inResult || OTHER_LANGUAGE.test(base) || !(C_TOOLS.test(text) || /\bgcc\b/.test(base));
    },
    args: [],
    before: crossClang,
    replace: (line) =>
      line
        .replaceAll(/(?<![\w./-])(?:gcc|cc|clang)(?= )/g, 'xx-clang')
        .replaceAll(/(?<![\w./-])(?:g\+\+|c\+\+|clang\+\+)(?= )/g, 'xx-clang++')
        .replaceAll(/(?<![\w./-])g?make(?![\w./-])/g, 'make CC=xx-clang CXX=xx-clang++'),
  },
  {
    command:
      /^(?:(?:npm|pnpm|yarn|bun)(?: run)? (?:build|bundle|compile|generate)\b|(?:npx |pnpm |yarn )?(?:tsc|vite build|webpack|rollup|ng build|next build|astro build|parcel build)\b)/,
    why: 'what it makes is the same for every platform',
    excludes: ({ inResult, copied }) => inResult || !copied.every((path) => BUNDLE.test(path)),
    args: [],
  },
  {
    command: /^(?:mvn|\.\/mvnw|gradle|\.\/gradlew)\b(?=.* (?:package|install|verify|compile|assemble|build|\w+Jar)\b)/,
    why: 'what it makes is the same for every platform',
    excludes: ({ inResult }, text) => inResult || /native/i.test(text),
    args: [],
  },
  {
    command: /^dotnet (?:build|publish)\b/,
    why: 'the SDK makes programs for any platform, and does not run under QEMU',
    excludes: ({ inResult }) => inResult,
    args: ['TARGETARCH'],
    replace: (line) =>
      / (?:-a|--arch|-r|--runtime)\b/.test(line)
        ? line
        : line.replaceAll(/(?<![\w./-])dotnet (restore|build|publish)(?![\w-])/g, 'dotnet $1 -a $TARGETARCH'),
  },
];

/** Go takes v7 for granted when it makes programs for arm elsewhere. */
export function needsGoarm(platforms: readonly Platform[]): boolean {
  return platforms.some(({ architecture, variant }) => architecture === 'arm' && variant !== 'v7');
}

/** FROM with the platform of the building machine. */
export function onBuildPlatform({ from, platform }: Stage): string {
  const line = platform === '' ? from.original : from.original.replace(/\s--platform=\S+/, '');
  return line.replace(/^\S+/, '$& --platform=$$BUILDPLATFORM');
}
