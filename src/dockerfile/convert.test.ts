import { describe, expect, it } from 'vitest';
import { IMAGES, MemoryImages, convertText, imageConfig } from '../../test/support/convert.ts';
import { decodeDefinition } from '../llb/read.ts';
import { run } from '../llb/exec.ts';
import { image } from '../llb/source.ts';
import { digestOf } from '../oci/digest.ts';
import type { ConvertResult, NamedContext } from './convert-options.ts';
import { listStages } from './list-stages.ts';
import { parseDockerfile } from './parse.ts';

const names = (result: ConvertResult) =>
  [...result.definition.metadata.values()].map((metadata) => metadata.description?.['llb.customname'] ?? '');
const sources = (result: ConvertResult) =>
  decodeDefinition(result.definition).vertices.flatMap(({ op }) => (op.op?.kind === 'source' ? [op.op.value] : []));
const rules = (result: ConvertResult) => result.warnings.map(({ rule }) => rule);
const digestsOf = (result: ConvertResult) => new Set(result.definition.ops.map((op) => digestOf(op)));

describe('stages', () => {
  it('that are not needed are neither built nor are their images asked for', async () => {
    const metaResolver = new MemoryImages(IMAGES);
    const result = await convertText(
      'FROM missing AS one\nRUN x\nFROM busybox AS two\nRUN y\nFROM two AS three\nRUN z\nFROM nowhere\n',
      { metaResolver, target: 'THREE' },
    );
    expect(metaResolver.asked).toEqual(['docker.io/library/busybox:latest linux/amd64 default']);
    expect(result.usedStages).toEqual(['two', 'three']);
  });

  it('that are built for the build platform are the same vertices for every platform', async () => {
    const text =
      'FROM --platform=$BUILDPLATFORM golang:1.22 AS build\nCOPY . .\nRUN go generate\nFROM busybox\nCOPY --from=build /x /x\n';
    const [amd64, arm64] = await Promise.all(
      ['linux/amd64', 'linux/arm64'].map((platform) => convertText(text, { platform, multiPlatform: true })),
    );
    if (amd64 === undefined || arm64 === undefined) throw new Error('no results');
    // The golang image, the context, COPY and RUN.
    const shared = [...digestsOf(amd64)].filter((digest) => digestsOf(arm64).has(digest));
    expect(shared).toHaveLength(4);
    expect(names(arm64)).toContain('[linux/amd64 build 3/3] RUN go generate');
    expect(names(arm64)).toContain('[linux/arm64 stage-1 2/2] COPY --from=build /x /x');
  });

  it('can be named by their place', async () => {
    const result = await convertText('FROM busybox\nRUN a\nFROM busybox\nRUN b\n', { target: '0' });
    expect(names(result)).toContain('[stage-0 2/2] RUN a');
  });

  it('build without the cache, all or some', async () => {
    const text = 'FROM busybox AS a\nRUN x\nFROM busybox AS b\nCOPY --from=a /x /y\n';
    const ignored = async (noCache: boolean | string[]) => {
      const result = await convertText(text, { noCache });
      return [...result.definition.metadata.values()].filter((metadata) => metadata.ignoreCache === true).length;
    };
    expect([await ignored(false), await ignored(['A']), await ignored(true)]).toEqual([0, 1, 2]);
  });
});

describe('base images', () => {
  it.each([
    ['FROM busybox:$V', 'its tag is empty: V has no value', 'ARG V=…'],
    ['ARG V\nARG W=\nFROM x${W}/y:${V}', 'W and V have no value', '--build-arg W=…'],
    ['FROM ${V}', 'is empty: V has no value', 'ARG V=…'],
  ])('whose name lacks a value: %j', async (text, message, hint) => {
    const refused = { message: expect.stringContaining(message), hint: expect.stringContaining(hint) };
    await expect(convertText(`${text}\n`)).rejects.toMatchObject(refused);
  });

  it('are asked for with the mode, at the same time', async () => {
    let open = 0;
    let most = 0;
    const images = new MemoryImages(IMAGES);
    await convertText('FROM busybox AS a\nFROM alpine:3.20\nCOPY --from=a / /a\nCOPY --from=golang:1.22 / /b\n', {
      resolveMode: 'pull',
      metaResolver: {
        async resolveImageConfig(reference, options) {
          most = Math.max(most, ++open);
          await new Promise((done) => setTimeout(done, 5));
          open--;
          return images.resolveImageConfig(reference, options);
        },
      },
    });
    expect(most).toBe(3);
    expect(images.asked.every((asked) => asked.endsWith(' pull'))).toBe(true);
  });

  it('give their platform to the result when none was asked for', async () => {
    const metaResolver = new MemoryImages({
      'docker.io/library/arm:latest': imageConfig({}, { architecture: 'arm64' }),
    });
    const text = 'FROM --platform=linux/arm64 arm\nRUN x\n';
    const implicit = await convertText(text, { metaResolver, implicitPlatform: true });
    expect(implicit.platform).toEqual({ os: 'linux', architecture: 'arm64' });
    expect((await convertText(text, { metaResolver })).platform).toEqual({ os: 'linux', architecture: 'amd64' });
  });

  it('fill in the variant', async () => {
    const metaResolver = new MemoryImages({
      'docker.io/library/v:latest': imageConfig({}, { architecture: 'arm', variant: 'v6' }),
    });
    const result = await convertText('FROM v\n', { metaResolver, platform: 'linux/arm/v6' });
    expect(result.config).toMatchObject({ architecture: 'arm', variant: 'v6' });
  });

  it('without layers are scratch', async () => {
    const metaResolver = new MemoryImages({
      'docker.io/library/none:latest': imageConfig({}, { rootfs: { type: 'layers', diff_ids: [] }, history: [] }),
    });
    expect((await convertText('FROM none\n', { metaResolver })).definition.ops).toEqual([]);
  });

  it('have triggers, which may need more images', async () => {
    const result = await convertText('FROM onb\n');
    expect(result.images.map(({ reference }) => reference.split('@')[0])).toContain('docker.io/library/busybox:latest');
    expect(names(result)).toContain('[5/6] ONBUILD WORKDIR /x');
    expect(result.config.config?.OnBuild).toBeUndefined();
  });
});

describe('named contexts', () => {
  const text = 'FROM alpine:3.20 AS base\nRUN x\nFROM base\nCOPY --from=files /a /b\nCOPY --from=files /c /d\n';
  const convert = (contexts: Readonly<Record<string, NamedContext>>) =>
    convertText(text, { contexts: (name) => contexts[name] });
  const files: NamedContext = { kind: 'local', name: 'context:files', excludes: ['*.md'] };

  it('bring in a folder, only what is read of it', async () => {
    const found = sources(await convert({ files })).find(({ identifier }) => identifier === 'local://context:files');
    expect(found?.attrs).toEqual({
      'local.excludepatterns': '["*.md"]',
      'local.followpaths': '["a","c"]',
      'local.sharedkeyhint': 'context:files-',
    });
  });

  it('stand for an image', async () => {
    const result = await convert({ files, 'alpine:3.20': { kind: 'image', reference: 'golang:1.22' } });
    expect(names(result).some((name) => name.startsWith('[context alpine:3.20] docker.io/library/golang:1.22@'))).toBe(
      true,
    );
    expect(result.config.config?.WorkingDir).toBe('/go');
  });

  it('stand for a stage, whose steps are not run then', async () => {
    const result = await convert({ files, base: { kind: 'image', reference: 'busybox' } });
    expect(names(result).some((name) => name.includes('RUN x'))).toBe(false);
    expect(result.images.map(({ reference }) => reference.split('@')[0])).toEqual(['docker.io/library/busybox:latest']);
  });

  it('are loaded only when they are needed', async () => {
    const load = () => Promise.reject(new Error('loaded'));
    const contexts = (name: string): NamedContext | undefined => (name === 'a' ? { kind: 'state', load } : undefined);
    await expect(convertText('FROM busybox AS a\nFROM busybox\n', { contexts })).resolves.toBeDefined();
    await expect(convertText('FROM busybox AS a\nFROM a\nRUN x\n', { contexts })).rejects.toThrow('loaded');
  });

  it('are the result of another build, with its config', async () => {
    const state = run(image('busybox', { platform: { os: 'linux', architecture: 'amd64' } }), { args: ['other'] });
    const other = await convertText('FROM busybox\nENV B=1\n');
    const context: NamedContext = { kind: 'state', load: async () => ({ state, config: other.config }) };
    const result = await convertText('FROM other\nRUN echo $B\n', {
      contexts: (name) => (name === 'other' ? context : undefined),
    });
    expect(names(result)).toContain('[1/2] RUN echo 1');
  });

  it('are layouts', async () => {
    const metaResolver = new MemoryImages({ 'oci-layout://store:v1': imageConfig({ WorkingDir: '/l' }) });
    const result = await convertText('FROM lay\nRUN x\n', {
      metaResolver,
      contexts: (name) => (name === 'lay' ? { kind: 'oci-layout', reference: 'store:v1', store: 'store' } : undefined),
    });
    const digest = digestOf('oci-layout://store:v1');
    expect(sources(result)[0]).toEqual({
      identifier: `oci-layout://docker.io/library/lay@${digest}`,
      attrs: { 'oci.store': 'store' },
    });
    expect(result.config.config?.WorkingDir).toBe('/l');
  });
});

describe('the build context', () => {
  it('is brought in once, and only what is read of it', async () => {
    const result = await convertText(
      'FROM busybox AS a\nCOPY x/ /x\nRUN --mount=target=/m,source=y z\nFROM busybox\nADD *.go /\nCOPY --from=a /m /n\n',
      { excludes: ['z', '!z/a'] },
    );
    expect(sources(result).find(({ identifier }) => identifier === 'local://context')?.attrs).toEqual({
      'local.followpaths': '["*.go","x","y"]',
      'local.excludepatterns': '["z","!z/a"]',
      'local.sharedkeyhint': 'context',
    });
  });

  it('is brought in whole when all of it is read', async () => {
    const result = await convertText('FROM busybox\nCOPY a /\nCOPY . /\n');
    expect(sources(result).find(({ identifier }) => identifier === 'local://context')?.attrs).toEqual({
      'local.sharedkeyhint': 'context',
    });
  });

  it('may be another state', async () => {
    const result = await convertText('FROM busybox\nCOPY a /\n', { mainContext: image('alpine:3.20') });
    expect(sources(result).map(({ identifier }) => identifier)).toContain(
      'docker-image://docker.io/library/alpine:3.20',
    );
  });
});

describe('failures name the place and the mend', () => {
  const cases: [what: string, text: string, code: string, line: number][] = [
    ['a later stage', 'FROM busybox AS a\nCOPY --from=b /x /y\nFROM a AS b\n', 'DOCKERFILE_PARSE', 2],
    ['a stage that needs itself', 'FROM busybox AS a\nRUN x\nCOPY --from=a /x /y\n', 'STAGE_CIRCULAR', 3],
    ['a stage number', 'FROM busybox\nCOPY --from=3 /x /y\n', 'STAGE_NOT_FOUND', 2],
    ['a missing image', 'FROM busybox\nRUN x\nFROM busybx\n', 'NOT_FOUND', 3],
    ['a bad reference', 'ARG X=//\nFROM $X\n', 'INVALID_REFERENCE', 2],
    ['a bad mode', 'FROM busybox\nCOPY --chmod=8 a b\n', 'DOCKERFILE_PARSE', 2],
    ['a bad port', 'FROM busybox\nEXPOSE 1-70000\n', 'DOCKERFILE_PARSE', 2],
    ['a bad signal', 'FROM busybox\nSTOPSIGNAL SIGNOPE\n', 'DOCKERFILE_PARSE', 2],
    ['a needed argument', 'FROM busybox\nRUN x\nENV A=${B:?needed}\n', 'DOCKERFILE_EXPAND', 3],
    ['a bad git reference', 'FROM busybox\nADD https://h/a.git?x=1 /\n', 'GIT_REFERENCE_INVALID', 2],
    ['no command', 'FROM busybox\nRUN []\n', 'DOCKERFILE_PARSE', 2],
  ];
  it.each(cases)('%s', async (_what, text, code, line) => {
    const details = expect.objectContaining({ file: 'Dockerfile', startLine: line, platform: 'linux/amd64' });
    const message = expect.stringMatching(new RegExp(`^Dockerfile:${line}: `));
    await expect(convertText(text)).rejects.toMatchObject({ code, message, details });
  });

  it('a missing target, listing the stages', async () => {
    await expect(convertText('FROM busybox AS alpha\nFROM busybox\n', { target: 'alpa' })).rejects.toMatchObject({
      code: 'STAGE_NOT_FOUND',
      message: 'there is no stage "alpa" (did you mean alpha?)',
      details: { stages: ['alpha', 'stage-1'] },
    });
  });

  it('a stage to build without cache that is not there', async () => {
    await expect(convertText('FROM busybox AS alpha\n', { noCache: ['Alpha', 'alpa'] })).rejects.toMatchObject({
      code: 'STAGE_NOT_FOUND',
      message: 'there is no stage "alpa" (did you mean alpha?)',
    });
  });

  it('a wrong SOURCE_DATE_EPOCH', async () => {
    const buildArgs = new Map([['SOURCE_DATE_EPOCH', 'yesterday']]);
    await expect(convertText('FROM busybox\n', { buildArgs })).rejects.toMatchObject({
      code: 'SOURCE_DATE_EPOCH_INVALID',
    });
  });
});

describe('warnings', () => {
  it.each([
    ['FROM busybox\nRUN x\n', ['UnusedBuildArg']],
    ['FROM busybox\nARG NOPE\nENV A=$MISSING\n', ['UndefinedVar']],
    ['FROM busybox\nARG NOPE API_TOKEN\nWORKDIR x\n', ['SecretsUsedInArgOrEnv', 'WorkdirRelativePath']],
    [
      'FROM busybox\nARG NOPE\nCMD a\nCMD b\n',
      ['JSONArgsRecommended', 'MultipleInstructionsDisallowed', 'JSONArgsRecommended'],
    ],
    ['# check=skip=JSONArgsRecommended\nFROM busybox\nARG NOPE\nCMD a\n', []],
    ['FROM busybox\nARG NOPE\n# check=skip=all\nCMD a\n', []],
    ['FROM --platform=$TARGETPLATFORM busybox AS Some\nARG NOPE\n', ['StageNameCasing', 'RedundantTargetPlatform']],
    [
      'FROM busybox AS context\nARG NOPE\nrun x\nFROM context as context\n',
      ['ReservedStageName', 'ConsistentInstructionCasing', 'ReservedStageName', 'DuplicateStageName', 'FromAsCasing'],
    ],
    ['FROM busybox\nARG NOPE\nCOPY secret.txt /\n', ['CopyIgnoredFile']],
  ])('%j', async (text, expected) => {
    const result = await convertText(text, { buildArgs: new Map([['NOPE', '1']]), excludes: ['*.txt'] });
    expect(rules(result).toSorted()).toEqual(expected.toSorted());
  });

  it('are errors when the file wants it', async () => {
    await expect(convertText('# check=error=true\nFROM busybox\nCMD x\n')).rejects.toMatchObject({
      code: 'DOCKERFILE_LINT',
      details: { startLine: 3, rules: ['JSONArgsRecommended'] },
    });
  });
});

it('lists the stages', () => {
  const dockerfile = parseDockerfile('# one builds it\nFROM --platform=$BUILDPLATFORM golang AS one\nFROM one\n');
  expect(listStages(dockerfile)).toMatchObject([
    { name: 'one', baseName: 'golang', platform: '$BUILDPLATFORM', description: 'builds it', isDefault: false },
    { name: '', index: 1, baseName: 'one', isDefault: true, location: { startLine: 3 } },
  ]);
});

it('takes BuildKit’s own arguments', async () => {
  const buildArgs = new Map([
    ['BUILDKIT_SANDBOX_HOSTNAME', 'box'],
    ['BUILDKIT_CACHE_MOUNT_NS', 'ns'],
    ['BUILDKIT_DOCKERFILE_CHECK', 'skip=all'],
  ]);
  const result = await convertText('FROM busybox\nRUN --mount=type=cache,target=/c x\nCMD y\n', { buildArgs });
  expect(result.warnings).toEqual([]);
  const op = decodeDefinition(result.definition).vertices.at(-1)?.op.op;
  expect(op?.kind === 'exec' && [op.value.meta?.hostname, op.value.mounts[1]?.cacheOpt?.ID]).toEqual(['box', 'ns//c']);
});

it('gives SOURCE_DATE_EPOCH to folders, history and steps', async () => {
  const result = await convertText('FROM busybox\nARG SOURCE_DATE_EPOCH\nWORKDIR /w\nRUN x\n', {
    buildArgs: new Map([['SOURCE_DATE_EPOCH', '86400']]),
  });
  expect(result.sourceDateEpoch).toBe(86_400);
  expect(result.config.history?.at(-1)).toMatchObject({
    created: '1970-01-02T00:00:00Z',
    created_by: 'RUN |1 SOURCE_DATE_EPOCH=86400 /bin/sh -c x # buildkit',
  });
  const op = decodeDefinition(result.definition).vertices.find(({ op: { op: one } }) => one?.kind === 'file')?.op.op;
  expect(op?.kind === 'file' && op.value.actions[0]?.action).toMatchObject({
    value: { timestamp: 86_400_000_000_000n },
  });
});
