import type { CompatCase } from '../case.ts';

const show = (...names: string[]): string =>
  names.map((name) => `LABEL ${name.toLowerCase()}="\${${name}-unset}"\n`).join('');

/** ARG scopes, ENV over ARG, what is predefined. */
export const cases: readonly CompatCase[] = [
  {
    name: 'an argument before FROM reaches FROM and, declared again, the stage',
    dockerfile: `ARG base=busybox\nARG x=global\nFROM $base AS one\n${show('base', 'x')}ARG x\n${show('x')}`,
  },
  {
    name: 'a declaration in the stage with a default of its own',
    dockerfile: `ARG x=global\nFROM scratch\nARG x=stage\n${show('x')}ARG x\nLABEL again=$x\n`,
  },
  {
    name: 'given values go before defaults',
    dockerfile: `ARG x=global\nARG y=\${x}-y\nFROM scratch\nARG x=stage\nARG y\nARG z=\${x}-z\n${show('x', 'y', 'z')}`,
    args: { x: 'given' },
  },
  {
    name: 'arguments go over to the stages made from one',
    dockerfile: `FROM scratch AS one\nARG a=1 b\nFROM one AS two\n${show('a', 'b')}ARG c=$a$b\nFROM two\n${show('a', 'b', 'c')}`,
    args: { b: 'B' },
  },
  {
    name: 'arguments do not go over to other stages',
    dockerfile: `FROM scratch AS one\nARG a=1\nFROM scratch\n${show('a')}`,
  },
  {
    name: 'ENV goes before ARG',
    dockerfile: `FROM scratch\nARG a=arg\nENV a=env\nARG a=later\n${show('a')}ENV b=$a\n`,
    args: { a: 'given' },
  },
  {
    name: 'ARG after ENV of the base',
    dockerfile: `FROM scratch AS one\nENV a=env\nFROM one\nARG a=arg\n${show('a')}ENV a=\${a}x\n`,
  },
  {
    name: 'several arguments in one instruction',
    dockerfile: `FROM busybox\nARG a=1 b="two words" c=$a\nARG d\nARG e=\nRUN echo "$a-$b-$c-$d-$e" > /seen\n${show('a', 'b', 'c', 'd', 'e')}`,
  },
  {
    name: 'arguments are shown in the history of steps',
    dockerfile: 'FROM busybox\nARG a=1\nARG b\nENV c=$a\nARG a=2\nRUN true\nRUN ["true"]\n',
    args: { b: 'x y' },
  },
  {
    name: 'proxy arguments reach steps and nothing else',
    dockerfile: `FROM busybox\nRUN echo "$HTTP_PROXY-$http_proxy-$no_proxy-$ALL_PROXY" > /seen\n${show('HTTP_PROXY')}`,
    args: { HTTP_PROXY: 'http://proxy.test:1', no_proxy: 'a.test', ALL_PROXY: 'socks5://x.test' },
  },
  {
    name: 'proxy arguments that are declared',
    dockerfile: `FROM busybox\nARG HTTP_PROXY\nRUN echo "$HTTP_PROXY" > /seen\n${show('HTTP_PROXY')}`,
    args: { HTTP_PROXY: 'http://proxy.test:1' },
  },
  {
    name: 'platform arguments before FROM',
    dockerfile: 'FROM --platform=$TARGETPLATFORM busybox AS base-$TARGETARCH\n',
    expect: 'failure',
  },
  {
    name: 'platform arguments in FROM',
    dockerfile:
      'FROM scratch AS for-amd64\nLABEL is=amd64\nFROM scratch AS for-arm\nLABEL is=arm\nFROM for-$TARGETARCH\n',
    platforms: ['linux/amd64', 'linux/arm/v6'],
  },
  {
    name: 'platform arguments in a stage',
    dockerfile: `FROM scratch\n${show('TARGETARCH')}ARG TARGETPLATFORM\nARG TARGETOS TARGETARCH TARGETVARIANT TARGETSTAGE\nARG TARGETOSVERSION BUILDOSVERSION\nARG BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT\nLABEL all="$TARGETPLATFORM $TARGETOS $TARGETARCH/\${TARGETVARIANT}. $TARGETSTAGE $BUILDPLATFORM $BUILDOS $BUILDARCH \${BUILDVARIANT:-none}" v=\${TARGETOSVERSION-unset}\n`,
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64'],
  },
  {
    name: 'a platform argument with a default in the stage',
    dockerfile: `FROM scratch\nARG TARGETARCH=mine\n${show('TARGETARCH')}`,
  },
  {
    name: 'a platform argument given by hand',
    dockerfile: `FROM scratch\nARG TARGETARCH\nARG TARGETPLATFORM\n${show('TARGETARCH', 'TARGETPLATFORM')}`,
    args: { TARGETARCH: 'mine' },
  },
  {
    name: 'a platform argument declared before FROM',
    dockerfile: `ARG TARGETARCH=mine\nFROM scratch\nARG TARGETARCH\n${show('TARGETARCH')}`,
  },
  {
    name: 'the stage that is built, unnamed',
    dockerfile: `FROM scratch AS a\nFROM scratch\nARG TARGETSTAGE\n${show('TARGETSTAGE')}`,
  },
  {
    name: 'the stage that is built, by its name',
    dockerfile: `FROM scratch AS One\nARG TARGETSTAGE\n${show('TARGETSTAGE')}FROM scratch AS two\n`,
    target: 'one',
  },
  {
    name: 'the stage that is built, by its number',
    dockerfile: `FROM scratch AS one\nARG TARGETSTAGE\n${show('TARGETSTAGE')}FROM scratch AS two\n`,
    target: '0',
    expect: 'failure',
  },
  { name: 'a stage that there is not', dockerfile: 'FROM scratch AS one\n', target: 'two', expect: 'failure' },
  {
    name: 'a host name of one’s own',
    dockerfile: 'FROM busybox\nRUN hostname > /name\n',
    args: { BUILDKIT_SANDBOX_HOSTNAME: 'box.test' },
  },
  { name: 'the host name', dockerfile: 'FROM busybox\nRUN hostname > /name\n' },
  {
    name: 'BUILDKIT arguments that are declared',
    dockerfile: `FROM scratch\nARG BUILDKIT_SANDBOX_HOSTNAME\nARG BUILDKIT_MULTI_PLATFORM=x\n${show('BUILDKIT_SANDBOX_HOSTNAME', 'BUILDKIT_MULTI_PLATFORM')}`,
    args: { BUILDKIT_SANDBOX_HOSTNAME: 'h' },
  },
  {
    name: 'a namespace for cache mounts',
    dockerfile: 'FROM busybox\nRUN --mount=type=cache,target=/c ls /c > /seen; echo x > /c/f\n',
    args: { BUILDKIT_CACHE_MOUNT_NS: 'compat' },
  },
  {
    name: 'several platforms in one, asked for',
    dockerfile: 'FROM scratch\nLABEL a=b\n',
    args: { BUILDKIT_MULTI_PLATFORM: '1' },
  },
  {
    name: 'the cache’s data in the config',
    dockerfile: 'FROM scratch\nCOPY a /\n',
    files: { a: 'x' },
    args: { BUILDKIT_INLINE_CACHE: '0' },
  },
  {
    name: 'no BUILDKIT argument leaves a trace',
    dockerfile: 'FROM busybox\nARG a=1\nRUN env | grep BUILDKIT > /seen || true\nCOPY f /\n',
    files: { f: 'x' },
    args: {
      BUILDKIT_BUILD_NAME: 'name',
      BUILDKIT_CACHE_MOUNT_NS: 'compat',
      BUILDKIT_CONTEXT_KEEP_GIT_DIR: '1',
      BUILDKIT_DOCKERFILE_CHECK: 'skip=all',
      BUILDKIT_INLINE_CACHE: '0',
      BUILDKIT_SANDBOX_HOSTNAME: 'box',
      BUILDKIT_SBOM_SCAN_CONTEXT: 'true',
      BUILDKIT_SBOM_SCAN_STAGE: 'true',
      BUILDKIT_OF_NO_MEANING: 'x',
    },
  },
  {
    name: 'what the scanners are told, declared',
    dockerfile: `ARG BUILDKIT_SBOM_SCAN_CONTEXT=true\nFROM busybox\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN env | grep SBOM > /seen || true\n${show('BUILDKIT_SBOM_SCAN_STAGE')}`,
  },
  {
    name: 'the frontend, asked for as the one that there is',
    dockerfile: '# syntax=none.invalid/x\nFROM scratch\nLABEL a=b\n',
    args: { BUILDKIT_SYNTAX: 'dockerfile.v0' },
    expect: 'failure',
  },
  {
    name: 'checks as errors',
    dockerfile: 'FROM scratch\n\nMAINTAINER x\n',
    args: { BUILDKIT_DOCKERFILE_CHECK: 'error=true' },
    expect: 'failure',
  },
  {
    name: 'checks as errors, with one skipped',
    dockerfile: 'FROM scratch\nMAINTAINER x\n',
    args: { BUILDKIT_DOCKERFILE_CHECK: 'skip=MaintainerDeprecated;error=true' },
  },
  {
    name: 'one platform as several',
    dockerfile: 'FROM busybox\nRUN true\n',
    args: { BUILDKIT_MULTI_PLATFORM: 'true', BUILDKIT_INLINE_CACHE: '1' },
    platforms: ['linux/arm64'],
  },
  {
    name: 'a fixed time of several platforms',
    dockerfile: 'FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH > /b\nADD {{http}}/now /n\n',
    args: { SOURCE_DATE_EPOCH: '1500000000' },
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  {
    name: 'a fixed time',
    dockerfile: `FROM busybox\nARG SOURCE_DATE_EPOCH\nCOPY a /a\nRUN echo $SOURCE_DATE_EPOCH > /b\nWORKDIR /w\n${show('SOURCE_DATE_EPOCH')}`,
    files: { a: 'x' },
    args: { SOURCE_DATE_EPOCH: '1500000000' },
  },
  {
    name: 'a fixed time that is not declared',
    dockerfile: 'FROM scratch\nCOPY a /a\nLABEL x=y\n',
    files: { a: 'x' },
    args: { SOURCE_DATE_EPOCH: '1500000000' },
  },
  {
    name: 'a fixed time for an image without layers',
    dockerfile: 'FROM scratch\nLABEL x=y\n',
    args: { SOURCE_DATE_EPOCH: '1500000000' },
  },
  {
    name: 'a fixed time before FROM',
    dockerfile: 'ARG SOURCE_DATE_EPOCH=1400000000\nFROM scratch\nCOPY a /a\nLABEL x=y\n',
    files: { a: 'x' },
  },
  {
    name: 'a fixed time that is none',
    dockerfile: 'FROM scratch\nLABEL x=y\n',
    args: { SOURCE_DATE_EPOCH: 'yesterday' },
    expect: 'failure',
  },
  { name: 'an argument that no one declares', dockerfile: `FROM scratch\n${show('nobody')}`, args: { nobody: 'x' } },
  { name: 'an argument without a name', dockerfile: 'FROM scratch\nARG =x\n', expect: 'failure' },
  { name: 'a base that is empty', dockerfile: 'ARG base\nFROM scratch AS a\nFROM $base\n', expect: 'failure' },
  {
    name: 'an argument of a trigger',
    dockerfile: `FROM scratch AS one\nARG a=1\nONBUILD ARG b=$a\nONBUILD LABEL c=$a$b\nFROM one\nARG a=2\n${show('a', 'b')}`,
  },
];
