import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRemote } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { digestAt } from '../manifest/registry.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { authorization, makeImage, seed } from '../registry-cli/seed.ts';
import type { RunResult } from '../../scripts/process.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import {
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  registryMissing,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts';

/* Every command that moves tags, at a registry that misbehaves: the right digest, or a coded error and no tag moved. */

const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED commands at registries that misbehave: ${missing}\n`);

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/s390x'];
/** One blob above what is sent in a single request, and a small one for each platform. */
const image = makeImage({ platforms: PLATFORMS, size: 5_000_000 });
const children = image.manifests.slice(0, PLATFORMS.length).map(({ entry }) => entry.digest);
const before = makeImage({ files: { before: 'yes' } });

/** What is run, one after another, to have the image at `to` under the tag 1. Sources are at `from`. */
const commands: Readonly<Record<string, (from: string, to: string) => readonly (readonly string[])[]>> = {
  promote: (from, to) => [['promote', `${from}:1`, `${to}:1`, `${to}:2`]],
  merge: (from, to) => [
    ['merge', '-t', `${to}:1`, '--platform', PLATFORMS.join(), ...children.map((digest) => `${from}@${digest}`)],
  ],
  copy: (from, to) => [['copy', `${from}:1`, `${to}:1`]],
  'imagetools create': (from, to) => [['imagetools', 'create', '-t', `${to}:1`, `${from}:1`]],
  push: (from, to) => [
    ['copy', `${from}:1`, `local://${to}:1`],
    ['push', `${to}:1`],
  ],
};

/** A fault, the requests that suffer it (below the repository's path), how many of them. */
type Rule = readonly [pattern: string, fault: Fault, times?: number];
const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status: code,
  headers,
});
const ALWAYS = 1000;
const ALL = process.env['POLYARCH_TEST_FAULTS'] === 'all';

interface Row {
  /** Faults of the registry pushed to. */
  readonly at?: readonly Rule[];
  /** Faults of the one pulled from. */
  readonly from?: readonly Rule[];
  /** Only these commands, since they share what deals with it; all of them with POLYARCH_TEST_FAULTS=all. */
  readonly only?: readonly string[];
}

/** What is overcome. */
const overcome: Readonly<Record<string, Row>> = {
  'resets and answers that get lost': {
    only: ['promote', 'push'],
    at: [
      ['^(GET|HEAD) ', { kind: 'reset' }],
      ['^POST .*uploads', { kind: 'reset' }],
      ['^POST .*uploads', { kind: 'lose-answer' }],
      ['^PATCH ', { kind: 'cut-upload', bytes: 2_000_000 }],
      ['^PUT .*uploads', { kind: 'lose-answer' }, 2],
      ['^PUT .*manifests/sha256', { kind: 'lose-answer' }],
      ['^PUT .*manifests/1$', { kind: 'reset' }],
      ['^PUT .*manifests/1$', { kind: 'lose-answer' }],
    ],
    from: [
      ['^(GET|HEAD) .*manifests', { kind: 'reset' }],
      ['^GET .*blobs', { kind: 'reset' }],
    ],
  },
  'limits of the rate, bursts of 5xx and upload sessions that vanish': {
    only: ['merge', 'copy', 'imagetools create'],
    at: [
      ['^(GET|HEAD) ', status(503)],
      ['^POST .*uploads', status(429, { 'retry-after': '1' })],
      ['^POST .*uploads', status(500), 2],
      ['^PATCH ', status(404)],
      ['^PUT .*uploads', status(404)],
      ['^PUT .*manifests/sha256', status(502), 2],
      ['^PUT .*manifests/1$', status(503, { 'retry-after': '1' })],
    ],
    from: [['^GET .*blobs', status(429, { 'retry-after': '1' })]],
  },
  'bodies that are slow or cut': {
    only: ['merge', 'copy'],
    at: [['^GET ', { kind: 'slow', parts: 5, milliseconds: 100 }]],
    from: [
      ['^GET .*blobs', { kind: 'truncate', bytes: 100 }, 2],
      ['^GET .*blobs', { kind: 'truncate', bytes: 2_000_000 }],
      ['^GET .*manifests', { kind: 'truncate', bytes: 50 }],
      ['^GET .*manifests', { kind: 'slow', parts: 5, milliseconds: 100 }],
      ['^GET .*blobs', { kind: 'slow', parts: 5, milliseconds: 100 }, 2],
    ],
  },
};

/** What is not, and the code that says so. */
const fatal: Readonly<Record<string, Row & { readonly code: string }>> = {
  'a registry that takes a manifest for another': {
    code: 'DIGEST_MISMATCH',
    at: [['^PUT .*manifests', { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }]],
  },
  'blobs whose bytes are others': {
    only: ['merge', 'copy'],
    code: 'DIGEST_MISMATCH',
    from: [['^GET .*blobs', { kind: 'corrupt' }]],
  },
  'manifests whose bytes are others': {
    only: ['promote', 'imagetools create'],
    code: 'DIGEST_MISMATCH',
    from: [['^GET .*manifests', { kind: 'corrupt' }]],
  },
  'a limit for an hour': {
    only: ['merge', 'push'],
    code: 'TOO_MANY_REQUESTS',
    at: [['^(POST|PUT) ', status(429, { 'retry-after': '3600' })]],
  },
  'uploads that are denied': {
    only: ['promote', 'copy'],
    code: 'DENIED',
    at: [['^(POST|PUT|PATCH) .*uploads', status(403)]],
  },
  'manifests that are refused': {
    only: ['imagetools create', 'push'],
    code: 'REGISTRY_ERROR',
    at: [['^PUT .*manifests/sha256', status(400)]],
  },
  '5xx without an end': { code: 'REGISTRY_ERROR', at: [['^PUT .*manifests/sha256', status(500)]], only: ['copy'] },
  'upload sessions that vanish again and again': {
    code: 'UPLOAD_LOST',
    at: [['^(PATCH|PUT) .*uploads', status(404)]],
    only: ['copy'],
  },
};

const cases = <T extends Row>(table: Readonly<Record<string, T>>) =>
  Object.entries(table).flatMap(([name, row]) =>
    Object.entries(commands)
      .filter(([command]) => ALL || (row.only?.includes(command) ?? true))
      .map(([command, make]) => [`${command}: ${name}`, row, make] as const),
  );

describe.skipIf(missing !== undefined).concurrent('at a registry that misbehaves', { timeout: 120_000 }, () => {
  let source: TestRegistry;
  let registry: TestRegistry;
  let proxy: FaultProxy;
  let environment: TestEnvironment;

  beforeAll(async () => {
    [source, registry] = await Promise.all([startRegistry(), startRegistry()]);
    proxy = await startFaultProxy(registry.host);
    environment = testEnvironment();
    await seed(source.host, 'src/app:1', image);
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await proxy.close();
    await Promise.all([source.close(), registry.close()]);
  });

  /** Runs a command with faults at a repository of its own, whose tag is at another image already. */
  async function suffer(
    make: (typeof commands)[string],
    rules: Row,
    times = 1,
  ): Promise<{ result: RunResult; repository: string; again: () => Promise<RunResult> }> {
    const repository = `to/${randomUUID()}`;
    await seed(registry.host, `${repository}:1`, before);
    await using from = await startFaultProxy(source.host);
    const inject = (to: FaultProxy, path: string, list: readonly Rule[] = []) => {
      for (const [pattern, fault, count] of list) {
        const [method = '', rest = ''] = pattern.split(' ');
        to.inject(new RegExp(`${method} /v2/${path}/${rest}`), fault, count ?? times);
      }
    };
    inject(proxy, repository, rules.at);
    inject(from, 'src/app', rules.from);
    const home = join(environment.folder, randomUUID());
    const all = async (at: string): Promise<RunResult> => {
      let result: RunResult | undefined;
      for (const args of make(`${at}/src/app`, `${proxy.host}/${repository}`)) {
        result = await environment.polyarch(args, { allowFailure: true, env: { POLYARCH_HOME: home } });
        if (result.code !== 0) break;
      }
      if (result === undefined) throw new Error('no command');
      return result;
    };
    const result = await all(from.host);
    return { result, repository, again: () => all(source.host) };
  }

  async function expectWhole(repository: string): Promise<void> {
    const remote = await readRemote(registry.host, repository, '1');
    expect(remote.index?.manifests.map(({ digest }) => digest)).toEqual(children);
  }

  test.each(cases(overcome))('%s: it succeeds', async (name, rules, make) => {
    const { result, repository } = await suffer(make, rules);
    succeed(result);
    // What `push` sends is not read slowly.
    if (!name.startsWith('push: bodies')) expect(result.stderr).toContain('retrying');
    await expectWhole(repository);
  });

  test.each(cases(fatal))('%s: a coded error, and no tag moved', async (_name, rules, make) => {
    const { result, repository, again } = await suffer(make, rules, ALWAYS);
    expectFailure(result, rules.code);
    expect(await digestAt(registry.host, repository, '1')).toBe(before.root.entry.digest);
    expect(await digestAt(registry.host, repository, '2')).toBeUndefined();
    if (rules.at === undefined) {
      succeed(await again());
      await expectWhole(repository);
    }
  });
});

describe.skipIf(missing !== undefined)('tokens that expire on the way', () => {
  let registry: TestRegistry;
  let proxy: FaultProxy;
  let source: TestRegistry;
  let environment: TestEnvironment;
  beforeAll(async () => {
    [registry, source] = await Promise.all([startRegistry({ auth: 'token' }), startRegistry()]);
    proxy = await startFaultProxy(registry.host);
    environment = testEnvironment();
    await seed(source.host, 'src/app:1', image);
    const login = ['login', '-u', REGISTRY_USER, '--password-stdin', proxy.host];
    await environment.polyarch(login, { input: REGISTRY_PASSWORD });
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await proxy.close();
    await Promise.all([registry.close(), source.close()]);
  });

  test.each(Object.entries(commands))('%s asks for new ones', async (name, make) => {
    const { tokens } = registry;
    if (tokens === undefined) throw new Error('started with auth: token');
    const repository = `to/${name.split(' ')[0]}`;
    const scope = `repository:${repository}:pull,push`;
    const challenge = `Bearer realm="${tokens.realm}",service="${tokens.service}",scope="${scope}",error="invalid_token"`;
    tokens.requests.length = 0;
    for (const pattern of [
      /^POST .*uploads/,
      /^PATCH /,
      /^PUT .*uploads/,
      /^PUT .*manifests\/sha256/,
      /^PUT .*manifests\/1$/,
    ])
      proxy.inject(pattern, status(401, { 'www-authenticate': challenge }));
    const POLYARCH_HOME = join(environment.folder, randomUUID());
    for (const args of make(`${source.host}/src/app`, `${proxy.host}/${repository}`))
      await environment.polyarch(args, { env: { POLYARCH_HOME } });
    expect(tokens.requests.length).toBeGreaterThanOrEqual(5);
    const headers = { ...(await authorization(repository, tokens)), accept: image.root.entry.mediaType };
    const response = await fetch(`http://${registry.host}/v2/${repository}/manifests/1`, { headers });
    const { manifests } = (await response.json()) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest }) => digest)).toEqual(children);
  });
});
