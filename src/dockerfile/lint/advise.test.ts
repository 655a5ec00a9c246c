import { describe, expect, it } from 'vitest';
import { parsePlatforms } from '../../oci/platform.ts';
import { parseDockerfile } from '../parse.ts';
import { type AdviceOptions, advise } from './advise.ts';

const FOREIGN = parsePlatforms(['linux/arm64', 'linux/arm/v7']);

function rewrites(text: string, options: Partial<AdviceOptions> = {}): string[] {
  const platforms = parsePlatforms(['linux/amd64', 'linux/arm64', 'linux/arm/v7']);
  const all = { target: undefined, platforms, foreign: FOREIGN, isNeeded: () => true, ...options };
  return advise(parseDockerfile(text), all).map(({ rewrite }) => rewrite.join('\n'));
}

describe('compilers of the stages that run emulated', () => {
  it.each([
    [
      'Go',
      'FROM golang AS build\nRUN go build -o /app .\nFROM alpine\nCOPY --from=build /app /app\n',
      'FROM --platform=$BUILDPLATFORM golang AS build\nARG TARGETOS TARGETARCH\nRUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .',
    ],
    [
      'Go with C, by Debian’s cross gcc',
      'FROM golang AS build\nENV CGO_ENABLED=1\nRUN --mount=target=. go build -o /app .\nFROM debian\nCOPY --from=build /app /app\n',
      'FROM --platform=$BUILDPLATFORM golang AS build\nRUN apt-get update && apt-get install -y gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross\nARG TARGETPLATFORM TARGETOS TARGETARCH\nRUN --mount=target=. case $TARGETPLATFORM in linux/arm64*) CC=aarch64-linux-gnu-gcc;; linux/arm/v7*) CC=arm-linux-gnueabihf-gcc;; *) CC=gcc;; esac; export CC CGO_ENABLED=1 GOOS=$TARGETOS GOARCH=$TARGETARCH; go build -o /app .',
    ],
    [
      'Go with C on Alpine',
      'FROM golang:alpine AS build\nRUN apk add gcc musl-dev && CGO_ENABLED=1 go build -o /app .\nFROM alpine\nCOPY --from=build /app /app\n',
      'FROM --platform=$BUILDPLATFORM golang:alpine AS build\nCOPY --from=tonistiigi/xx / /\nARG TARGETPLATFORM\nRUN apk add clang lld && xx-apk add gcc g++ musl-dev\nRUN apk add gcc musl-dev && CGO_ENABLED=1 xx-go build -o /app .',
    ],
    [
      'C',
      'FROM gcc AS build\nRUN make -j4\nFROM debian\nCOPY --from=build /app /app\n',
      'FROM --platform=$BUILDPLATFORM gcc AS build\nCOPY --from=tonistiigi/xx / /\nARG TARGETPLATFORM\nRUN apt-get update && apt-get install -y clang lld && xx-apt-get install -y gcc g++ libc6-dev\nRUN make CC=xx-clang CXX=xx-clang++ -j4',
    ],
    [
      'C++ in the image that is made',
      'FROM debian\nRUN apt-get install -y g++\nRUN g++ -O2 -o /app app.cc\nCMD ["/app"]\n',
      'FROM --platform=$BUILDPLATFORM debian AS build\nCOPY --from=tonistiigi/xx / /\nARG TARGETPLATFORM\nRUN apt-get update && apt-get install -y clang lld && xx-apt-get install -y gcc g++ libc6-dev\nRUN xx-clang++ -O2 -o /app app.cc\n# and in a last stage: FROM debian\n# COPY --from=build …',
    ],
    [
      'Rust',
      'FROM rust AS build\nRUN cargo build --release\nFROM debian\nCOPY --from=build /app /app\n',
      'FROM --platform=$BUILDPLATFORM rust AS build\nCOPY --from=tonistiigi/xx / /\nARG TARGETPLATFORM\nRUN apt-get update && apt-get install -y clang lld && xx-apt-get install -y gcc g++ libc6-dev\nRUN xx-cargo build --release',
    ],
    [
      'Node, what is the same for all',
      'FROM node AS web\nRUN npm ci\nRUN npm run build\nFROM nginx\nCOPY --from=web /app/dist /www\n',
      'FROM --platform=$BUILDPLATFORM node AS web\nRUN npm run build',
    ],
    [
      'Node, its packages',
      'FROM node\nRUN npm ci --omit=dev\nCMD ["node", "."]\n',
      'FROM --platform=$BUILDPLATFORM node AS build\nRUN npm ci --omit=dev\n# and in a last stage: FROM node\n# COPY --from=build /app/node_modules /app/node_modules',
    ],
    [
      'Python',
      'FROM python:3\nRUN pip install --no-cache-dir -r requirements.txt\nCMD ["python", "."]\n',
      'FROM --platform=$BUILDPLATFORM python:3 AS build\nARG TARGETPLATFORM\nRUN case $TARGETPLATFORM in linux/arm64*) m=aarch64;; linux/arm/v7*) m=armv7l;; *) m=$(uname -m);; esac; pip install --only-binary=:all: --platform manylinux2014_$m --target /packages --no-cache-dir -r requirements.txt\n# and in a last stage: FROM python:3\n# COPY --from=build /packages /packages\n# ENV PYTHONPATH=/packages',
    ],
    [
      'Java',
      'FROM maven\nRUN mvn -B package\nCMD ["java", "-jar", "app.jar"]\n',
      'FROM --platform=$BUILDPLATFORM maven AS build\nRUN mvn -B package\n# and in a last stage: FROM maven\n# COPY --from=build …',
    ],
  ])('%s', (_name, text, wanted) => {
    expect(rewrites(text)).toEqual([wanted]);
  });

  it.each([
    ['that is on $BUILDPLATFORM', 'FROM --platform=$BUILDPLATFORM golang\nRUN go build .\n'],
    ['that installs the project itself', 'FROM python\nRUN pip install -e .\n'],
    ['that only mentions one', 'FROM debian\nRUN apt-get install -y npm python3-pip golang cargo\n'],
  ])('nothing of a stage %s', (_name, text) => {
    expect(rewrites(text)).toEqual([]);
  });

  it('nothing when no platform is emulated', () => {
    expect(rewrites('FROM rust\nRUN cargo build\n', { foreign: [] })).toEqual([]);
  });
});

describe('arguments of the platform above steps that do not name them', () => {
  const ON = 'FROM --platform=$BUILDPLATFORM debian AS b\n';
  it.each([
    [
      `${ON}ARG TARGETARCH\nRUN one\nRUN two \\\n  more\nRUN make $TARGETARCH\n`,
      ['RUN one\nRUN two \\\n  more\nARG TARGETARCH'],
    ],
    [
      `${ON}ARG TARGETOS\nCOPY . .\nARG TARGETARCH\nRUN one\nENV A=$TARGETARCH\nRUN two\n`,
      ['COPY . .\nRUN one\nARG TARGETOS\nARG TARGETARCH'],
    ],
    [`${ON}ARG TARGETARCH\nCOPY bin-$TARGETARCH /\nRUN one\n`, []],
    [`${ON}ARG TARGETARCH\nCOPY . .\n`, []],
    [`${ON}RUN one\nARG TARGETARCH\nRUN echo $TARGETARCH\n`, []],
    ['FROM debian AS b\nARG TARGETARCH\nRUN one\n', []],
  ])('%j', (text, wanted) => {
    expect(rewrites(`${text}FROM scratch\nCOPY --from=b / /\n`, { foreign: [] })).toEqual(wanted);
  });

  it('do not matter to one platform', () => {
    const text = `${ON}ARG TARGETARCH\nRUN one\n`;
    expect(rewrites(text, { foreign: [], platforms: parsePlatforms(['linux/arm64']) })).toEqual([]);
  });
});
