import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertText, imageConfig } from '../../../test/support/convert.ts';
import { digestOf } from '../../oci/digest.ts';
import { parsePlatforms } from '../../oci/platform-parse.ts';
import { RULES } from './rules.ts';

const metaResolver: Parameters<typeof convertText>[1] = {
  metaResolver: {
    resolveImageConfig: (reference, { platform }) =>
      Promise.resolve({
        reference: `${reference}@${digestOf(reference)}`,
        digest: digestOf(reference),
        config: new TextEncoder().encode(JSON.stringify(imageConfig({}, platform))),
      }),
  },
};

/** `LINE Rule` of this project's own, for linux/amd64 and linux/arm64 on an amd64 machine. */
async function own(text: string, options: Parameters<typeof convertText>[1] = {}) {
  const platforms = parsePlatforms('linux/amd64,linux/arm64');
  const { warnings } = await convertText(text, { ...metaResolver, platforms, platform: 'linux/arm64', ...options });
  return warnings.filter(({ rule }) => RULES[rule].owner === 'polyarch');
}
const brief = (found: Awaited<ReturnType<typeof own>>) =>
  found.map(({ rule, location }) => `${location.startLine} ${rule}`);

const GO = 'FROM golang AS build\nRUN go build -o /app .\nFROM alpine\nCOPY --from=build /app /app\n';
const of = (run: string) => `FROM alpine\nRUN ${run}\n`;

describe('finds', () => {
  it.each<[string, string[]]>([
    [of('A=b'), ['2 RunSetsNothing']],
    [of('A=b C="d e"'), ['2 RunSetsNothing']],
    [of('export A=b && cd /x'), ['2 RunSetsNothing']],
    [of('VERSION=$(cat /version)'), ['2 RunSetsNothing']],
    [of('set -eux; A=b # for later'), ['2 RunSetsNothing']],
    [of('. /venv/bin/activate'), ['2 RunSetsNothing']],
    [of('<<EOF\nexport A=b\nEOF'), ['2 RunSetsNothing']],
    ['FROM --platform=linux/armv8 alpine AS armv8\n', ['1 PlatformNotNormalized']],
    ['FROM --platform=linux/x86_64 alpine AS amd64\n', ['1 PlatformNotNormalized']],
    ['FROM --platform=linux/arm/armv7 alpine AS arm\n', ['1 PlatformNotNormalized']],
    [of('GOARCH=amd64 GOOS=linux ./make.sh'), ['2 HardCodedGoarch']],
    ['FROM alpine\nENV GOARCH=arm64\n', ['2 HardCodedGoarch']],
    ['FROM alpine\nARG GOARCH=amd64\n', ['2 HardCodedGoarch']],
    [of('go env -w GOARCH=arm64'), ['2 HardCodedGoarch']],
    [of('curl -L https://e.org/tool_1.2_linux_x86_64.tgz | tar xz'), ['2 HardCodedArchitecture']],
    [of('wget https://e.org/v1/tool-linux-arm64'), ['2 HardCodedArchitecture']],
    [of('dpkg -i ./tool_1.0_amd64.deb'), ['2 HardCodedArchitecture']],
    [of('echo "deb [arch=amd64] https://e.org/apt stable main" > /etc/apt/x.list'), ['2 HardCodedArchitecture']],
    ['FROM alpine\nCOPY bin/app-amd64 /app\n', ['2 HardCodedArchitecture']],
    [
      'FROM alpine AS b\nFROM alpine\nCOPY --from=b /usr/lib/x86_64-linux-gnu/libz.so.1 /lib/\n',
      ['3 HardCodedArchitecture'],
    ],
    ['FROM --platform=$BUILDPLATFORM alpine AS b\nFROM b\n', ['2 FinalStageOnBuildPlatform']],
    [GO, ['2 EmulatedCompile']],
    ['FROM golang\nRUN apk add git && go install ./...\nCMD ["app"]\n', ['2 EmulatedCompile']],
    ['FROM rust AS b\nRUN cargo build --release\nFROM alpine\nCOPY --from=b /a /a\n', ['2 EmulatedCompile']],
    ['FROM gcc:13 AS b\nRUN cd /s && make -j4\nFROM alpine\nCOPY --from=b /a /a\n', ['2 EmulatedCompile']],
    ['FROM node AS b\nRUN npm ci && npm run build\nFROM nginx\nCOPY --from=b /app/dist /www\n', ['2 EmulatedCompile']],
    ['FROM maven AS b\nRUN mvn -B package\nFROM java\nCOPY --from=b /t/app.jar /\n', ['2 EmulatedCompile']],
    ['FROM gradle AS b\nRUN ./gradlew bootJar\nFROM java\nCOPY --from=b /t/app.jar /\n', ['2 EmulatedCompile']],
    ['FROM sdk AS b\nRUN dotnet publish -o /o\nFROM run\nCOPY --from=b /o /o\n', ['2 EmulatedCompile']],
    ['FROM golang AS deps\nFROM deps AS b\nRUN go build .\nFROM alpine\nCOPY --from=b /a /a\n', ['3 EmulatedCompile']],
  ])('%j', async (text, expected) => {
    expect(brief(await own(text))).toEqual(expected);
  });
});

describe('is silent about', () => {
  it.each([
    of('A=b ./configure'),
    of('export A=b && ./configure'),
    of('cd /x && ls'),
    of('A=b > /file'),
    of('set -e'),
    'FROM alpine\nRUN ["A=b"]\n',
    'FROM --platform=linux/arm64/v8 alpine AS arm64\n',
    'FROM --platform=linux/arm/v7 alpine AS arm\n',
    'FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\nFROM alpine\n',
    // All architectures are made.
    'FROM --platform=$BUILDPLATFORM golang AS b\nRUN GOARCH=amd64 go build -o a && GOARCH=arm64 go build -o b\nFROM alpine\nCOPY --from=b /a /\n',
    // One is chosen.
    of('case $(uname -m) in x86_64) u=https://e.org/a-amd64;; *) u=https://e.org/a-arm64;; esac; wget $u'),
    of('wget https://e.org/tool-$(dpkg --print-architecture)-amd64.tgz'),
    'FROM alpine AS bin-amd64\nADD https://e.org/a-amd64 /a\nFROM bin-amd64\n',
    'FROM --platform=linux/amd64 alpine AS tools-amd64\nADD https://e.org/a-amd64 /a\nFROM alpine\n',
    'FROM alpine\nCOPY app-amd64 app-arm64 /bin/\n',
    'FROM alpine\nARG TARGETARCH\nADD https://e.org/tool-$TARGETARCH /tool\n',
    of('apt-get install -y gcc-aarch64-linux-gnu'),
    of('apt-get install -y make gcc g++'),
    'FROM golang AS b\nRUN apk add gcc musl-dev\nRUN go build .\nFROM alpine\nCOPY --from=b /a /a\n',
    'FROM golang AS b\nRUN CGO_ENABLED=1 go build .\nFROM alpine\nCOPY --from=b /a /a\n',
    // Tools of the build itself.
    'FROM golang AS tools\nRUN go install example.org/tool\nFROM tools\nRUN tool\n',
    'FROM golang AS b\nRUN apk add gcc\nRUN make\nFROM alpine\nCOPY --from=b /a /a\n',
    // What is copied may hold native modules.
    'FROM node AS b\nRUN npm run build\nFROM node\nCOPY --from=b /app /app\n',
    'FROM node\nRUN npm ci && npm run build\nCMD ["node", "."]\n',
    'FROM alpine\nRUN apk add make && make install\n',
    'FROM --platform=$BUILDPLATFORM alpine AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /x\n',
    'FROM --platform=$BUILDPLATFORM scratch\nCOPY x /x\n',
  ])('%j', async (text) => {
    expect(brief(await own(text))).toEqual([]);
  });

  it('one platform that runs natively', async () => {
    const platforms = parsePlatforms('linux/amd64');
    const text = `${GO}COPY app-amd64 /\nENV GOARCH=amd64\n`;
    expect(await own(text, { platforms, platform: 'linux/amd64' })).toEqual([]);
  });

  it('several variants of the one architecture', async () => {
    const platforms = parsePlatforms('linux/amd64,linux/amd64/v3');
    expect(await own('FROM alpine\nCOPY app-amd64 /\nENV GOARCH=amd64\n', { platforms })).toEqual([]);
  });

  it('stages that are not built, and a target that is not the last stage', async () => {
    expect(await own('FROM golang AS unused\nRUN go build .\nFROM alpine\n')).toEqual([]);
    const text = 'FROM --platform=$BUILDPLATFORM alpine AS test\nRUN x\nFROM alpine\n';
    expect(await own(text, { target: 'test' })).toEqual([]);
  });
});

describe('rewrites', () => {
  it.each<[string, string[]]>([
    [of('A=b'), ['ENV A=b']],
    [of('cd /app'), ['WORKDIR /app']],
    ['FROM --platform=linux/aarch64 alpine AS arm64\n', ['FROM --platform=linux/arm64 alpine AS arm64']],
    [of('GOARCH=amd64 ./make.sh'), ['ARG TARGETARCH', 'RUN GOARCH=$TARGETARCH ./make.sh']],
    ['FROM alpine\nARG TARGETARCH\nADD https://e.org/t_amd64.deb /\n', ['ADD https://e.org/t_${TARGETARCH}.deb /']],
    [
      of('wget https://e.org/t-amd64 \\\n  # twice\n  && wget https://e.org/u_amd64.deb -o amd64'),
      [
        'ARG TARGETARCH',
        'RUN wget https://e.org/t-${TARGETARCH} \\',
        '  # twice',
        '  && wget https://e.org/u_${TARGETARCH}.deb -o amd64',
      ],
    ],
    [of('wget https://e.org/t-x86_64.tgz'), ['RUN wget https://e.org/t-$(uname -m).tgz']],
    ['FROM --platform=$BUILDPLATFORM alpine\n', ['FROM alpine']],
    [
      GO,
      [
        'FROM --platform=$BUILDPLATFORM golang AS build',
        'ARG TARGETOS TARGETARCH',
        'RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .',
      ],
    ],
    [
      'FROM --platform=$TARGETPLATFORM golang AS b\nARG TARGETARCH\nENV CGO_ENABLED=0\nRUN GOARCH=$TARGETARCH go build .\nFROM alpine\n' +
        'COPY --from=b /a /a\n',
      [
        'FROM --platform=$BUILDPLATFORM golang AS b',
        'ARG TARGETOS',
        'RUN GOARCH=$TARGETARCH GOOS=$TARGETOS go build .',
      ],
    ],
    [
      'FROM rust AS b\nRUN cargo build --release\nFROM alpine\nCOPY --from=b /a /a\n',
      [
        'FROM --platform=$BUILDPLATFORM rust AS b',
        'COPY --from=tonistiigi/xx / /',
        'ARG TARGETPLATFORM',
        'RUN apt-get update && apt-get install -y clang lld && xx-apt-get install -y gcc g++ libc6-dev',
        'RUN xx-cargo build --release',
      ],
    ],
    [
      'FROM node AS b\nRUN npm run build\nFROM nginx\nCOPY --from=b /app/dist /www\n',
      ['FROM --platform=$BUILDPLATFORM node AS b', 'RUN npm run build'],
    ],
  ])('%j', async (text, lines) => {
    expect((await own(text)).map(({ rewrite }) => rewrite)).toEqual([lines]);
  });

  it('for old arm, which Go does not take for granted', async () => {
    const [found] = await own(GO, { platforms: parsePlatforms('linux/amd64,linux/arm/v6') });
    expect(found?.rewrite?.slice(1)).toEqual([
      'ARG TARGETOS TARGETARCH TARGETVARIANT',
      'RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -o /app .',
    ]);
  });

  it('into lines that it has nothing to say about', async () => {
    const [found] = await own(GO);
    const text = GO.replace('FROM golang AS build\nRUN go build -o /app .', found?.rewrite?.join('\n') ?? '');
    expect(text).not.toBe(GO);
    expect(await own(text)).toEqual([]);
  });
});

describe('examples/', () => {
  const folder = join(import.meta.dirname, '../../../examples');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\/Dockerfile(?!\.cross)/.test(name),
  );
  /** What is really so: one compiles emulated to show it, one's only stage is for its files (`--output`). */
  const known: Record<string, string[]> = {
    'go-report/Dockerfile': ['5 EmulatedCompile'],
    'go-cgo/Dockerfile': ['1 FinalStageOnBuildPlatform'],
  };

  it.each(files)('%s', async (name) => {
    expect(brief(await own(readFileSync(join(folder, name), 'utf8')))).toEqual(known[name] ?? []);
  });
});
