import type { CompatCase } from '../case.ts';

/** Stages, targets and ONBUILD. */
export const cases: readonly CompatCase[] = [
  {
    name: 'the last stage is built, others only when they are used',
    dockerfile:
      'FROM busybox AS never\nRUN false\nFROM none.invalid/x AS neither\nRUN false\nFROM busybox\nRUN echo 1 > /f',
  },
  {
    name: '--target by name',
    dockerfile: 'FROM busybox AS one\nRUN echo 1 > /f\nFROM one AS Two\nRUN echo 2 > /g\nFROM busybox\nRUN false',
    target: 'two',
  },
  { name: '--target that is not there', dockerfile: 'FROM busybox AS one\n', target: 'on', expect: 'failure' },
  {
    name: 'a stage on a stage',
    dockerfile:
      'FROM busybox AS a\nENV x=1\nWORKDIR /w\nCMD ["a"]\nFROM a AS b\nENV y=$x\nRUN echo $x$y > f\nFROM b\nENTRYPOINT ["b"]',
  },
  { name: 'a stage by number', dockerfile: 'FROM busybox\nRUN echo 1 > /f\nFROM 0\nRUN true', expect: 'failure' },
  {
    name: 'FROM with variables',
    dockerfile: 'ARG base=busy\nARG rest=box:latest\nFROM ${base}${rest} AS x\nFROM ${none:-x}\nRUN echo 1 > /f',
  },
  { name: 'FROM with an argument', dockerfile: 'ARG base\nFROM $base\nRUN echo 1 > /f', args: { base: 'alpine' } },
  { name: 'FROM with nothing in its variable', dockerfile: 'ARG base\n\nFROM $base\n', expect: 'failure' },
  {
    name: 'FROM --platform',
    dockerfile: 'FROM --platform=linux/arm64 busybox AS arm\nFROM scratch\nCOPY --from=arm /bin/busybox /arm',
  },
  {
    name: 'FROM --platform of the machine',
    dockerfile:
      'FROM --platform=$BUILDPLATFORM busybox AS b\nARG TARGETPLATFORM BUILDPLATFORM TARGETARCH\nRUN echo $TARGETARCH > /f; uname -m >> /f\nFROM busybox\nCOPY --from=b /f /',
    platforms: ['linux/amd64', 'linux/arm/v7'],
  },
  { name: 'FROM --platform of a stage', dockerfile: 'FROM --platform=linux/arm64 busybox AS arm\nFROM arm\nENV x=1\n' },
  {
    name: 'FROM --platform of a stage, with the check off',
    dockerfile: 'FROM --platform=linux/arm64 busybox AS arm\nFROM arm\nENV x=1\n',
    flags: { polyarch: ['--arch-check=off'], buildctl: [] },
  },
  { name: 'FROM --platform that is none', dockerfile: '\nFROM --platform=linux/none/x/y busybox', expect: 'failure' },
  { name: 'FROM scratch', dockerfile: 'FROM scratch\nLABEL a=b\nENV x=y' },
  {
    name: 'FROM scratch on a platform',
    dockerfile: 'FROM scratch\nCOPY f /',
    files: { f: '' },
    platforms: ['linux/arm/v7', 'linux/arm64'],
  },
  {
    name: 'FROM by digest and by full name',
    dockerfile:
      'FROM docker.io/library/busybox AS a\nFROM busybox@{{digest:busybox}} AS b\nFROM busybox:latest@{{digest:busybox}}\nCOPY --from=a /etc/passwd /a\nCOPY --from=b /etc/passwd /b\nCOPY --from=busybox@{{digest:busybox}} /etc/passwd /c\n',
  },
  { name: 'FROM an image that is not there', dockerfile: '\nFROM busybox:no-such-tag', expect: 'failure' },
  { name: 'FROM a name that is none', dockerfile: '\nFROM Busy Box', expect: 'failure' },
  { name: 'a stage name that is none', dockerfile: 'FROM busybox AS 1x!', expect: 'failure' },
  {
    name: 'a stage that needs itself through others',
    dockerfile: 'FROM busybox AS a\nCOPY --from=b /x /\nFROM a AS b\nCOPY --from=a /x /',
    expect: 'failure',
  },
  { name: 'nothing but ARG', dockerfile: 'ARG x=1\n', expect: 'failure' },
  { name: 'an instruction before FROM', dockerfile: '# nothing\nRUN true\nFROM busybox', expect: 'failure' },
  {
    name: 'layers in common',
    dockerfile:
      'FROM busybox AS c\nRUN echo 1 > /c\nFROM c AS a\nRUN echo a > /a\nFROM c AS b\nRUN echo b > /b\nFROM c\nCOPY --from=a /a /\nCOPY --from=b /b /',
  },
  {
    name: 'ONBUILD of every kind',
    dockerfile:
      'FROM busybox AS base\nONBUILD ARG v=1\nONBUILD ENV E=$v\nONBUILD WORKDIR /ob\nONBUILD COPY f .\nONBUILD RUN echo $E > e\nONBUILD LABEL l=1\nONBUILD USER 33\nFROM base\nRUN id -u > /tmp/id',
    files: { f: 'f\n' },
  },
  {
    name: 'ONBUILD stays in the image',
    dockerfile: 'FROM busybox\nONBUILD RUN  echo   "x  y" \\\n  && true\nONBUILD COPY ["a", "b"]\nONBUILD CMD x',
  },
  {
    name: 'ONBUILD runs once',
    dockerfile: 'FROM busybox AS a\nONBUILD RUN echo x >> /f\nFROM a AS b\nFROM b\nRUN true',
  },
  {
    name: 'ONBUILD that copies from a stage',
    dockerfile:
      'FROM busybox AS src\nRUN echo 1 > /f\nFROM busybox AS base\nONBUILD COPY --from=src /f /copied\nFROM base',
  },
  {
    name: 'ONBUILD of a base image',
    dockerfile: 'FROM busybox AS src\nRUN echo 1 > /s\nFROM base\nRUN echo $E > /late\nCMD ["own"]',
    files: { f: 'f\n' },
    contexts: {
      base: {
        built:
          'FROM busybox\nONBUILD ARG v=1\nONBUILD ENV E=$v\nONBUILD WORKDIR /ob\nONBUILD COPY f .\nONBUILD RUN echo $E > e\nONBUILD COPY --from=src /s /s\nONBUILD CMD ["triggered"]',
      },
    },
    args: { v: '2' },
  },
  {
    name: 'ONBUILD of a base image runs once',
    dockerfile: 'FROM base AS one\nFROM one\nRUN true',
    contexts: { base: { built: 'FROM busybox\nONBUILD RUN echo x >> /f' } },
  },
  {
    name: 'ONBUILD of a base image that fails',
    dockerfile: '\nFROM base\nRUN true',
    contexts: { base: { built: 'FROM busybox\nONBUILD RUN false' } },
    expect: 'failure',
  },
  { name: 'ONBUILD of FROM', dockerfile: 'FROM busybox\n\nONBUILD FROM alpine', expect: 'failure' },
  { name: 'ONBUILD of ONBUILD', dockerfile: 'FROM busybox\n\nONBUILD ONBUILD RUN true', expect: 'failure' },
  {
    name: 'ONBUILD of an unknown instruction',
    dockerfile: 'FROM busybox\nONBUILD RAN true\nRUN true',
  },
  {
    name: 'ONBUILD that fails',
    dockerfile: 'FROM busybox AS a\nONBUILD RUN false\nFROM a\nRUN true',
    expect: 'failure',
  },
];
