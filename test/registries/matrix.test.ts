import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed } from '../build/project.ts';
import { makeImage, seed } from '../registry-cli/seed.ts';
import { expectFailure } from '../registry-cli/cli.ts';
import { skip, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import {
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  registryMissing,
  startRegistry,
  type StartRegistryOptions,
  type TestRegistry,
} from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED every kind of registry: ${missing}\n`);

const [amd64, arm64] = ['linux/amd64', 'linux/arm64'];
const PLATFORMS = [amd64, arm64, 'linux/arm/v7', 'linux/s390x'];

interface Row extends Pick<StartRegistryOptions, 'auth' | 'tls'> {
  readonly kind: NonNullable<StartRegistryOptions['kind']>;
}

interface Abilities {
  /** A tag can be removed and its manifest stays. */
  readonly tagsAlone?: true;
  /** It lists referrers by itself. */
  readonly referrers?: true;
  /** It still lists the tags of manifests that were removed. */
  readonly listsGone?: true;
}

const ABILITIES: Readonly<Record<Row['kind'], Abilities>> = {
  'docker-registry': {},
  distribution: { tagsAlone: true },
  memory: { tagsAlone: true, referrers: true, listsGone: true },
  zot: { tagsAlone: true, referrers: true },
};

const rows: readonly Row[] = [
  { kind: 'docker-registry', tls: true, auth: 'token' },
  { kind: 'distribution' },
  { kind: 'distribution', tls: true, auth: 'basic' },
  { kind: 'memory' },
  // Where a person has it.
  ...(registryMissing('zot') === undefined
    ? ([{ kind: 'zot' }, { kind: 'zot', tls: true, auth: 'basic' }, { kind: 'zot', tls: true, auth: 'token' }] as const)
    : []),
];

const label = ({ kind, tls, auth }: Row): string =>
  [kind, tls === true ? 'with TLS' : 'plain', ...(auth === undefined ? [] : [`with ${auth} authentication`])].join(' ');

describe.skipIf(missing !== undefined)('every command at', () => {
  const image = makeImage({ platforms: PLATFORMS });
  const signature = makeImage({
    files: { signature: 'yes' },
    manifest: (manifest) => ({ ...manifest, artifactType: 'application/x.signature', subject: image.root.entry }),
  });
  const digest = image.root.entry.digest;
  let source: TestRegistry;
  let environment: TestEnvironment;

  beforeAll(async () => {
    source = await startRegistry();
    environment = testEnvironment();
    await seed(source.host, 'm/app:1', image);
    await seed(source.host, 'm/app:signature', signature);
    // docker-registry lists no referrers by itself.
    const index = 'application/vnd.oci.image.index.v1+json';
    await fetch(`http://${source.host}/v2/m/app/manifests/${digest.replace(':', '-')}`, {
      method: 'PUT',
      headers: { 'content-type': index },
      body: JSON.stringify({ schemaVersion: 2, mediaType: index, manifests: [signature.root.entry] }),
    });
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await source.close();
  });

  test.for(rows.map((row) => [label(row), row] as const))('%s', async ([, row], context) => {
    const absent = registryMissing(row.kind);
    if (absent !== undefined) return skip(context, absent);
    await using registry = await startRegistry(row);
    const { host, ca } = registry;
    const can = ABILITIES[row.kind];
    const name = `${host}/m/app`;
    const trust = ca === undefined ? [] : ['--registry-ca', `${host}=${ca}`];
    const home = join(environment.folder, randomUUID());
    const cli = (args: readonly string[], input = '') =>
      environment.polyarch([...args, ...trust], { allowFailure: true, env: { POLYARCH_HOME: home }, input });
    const done = async (...args: readonly string[]) => succeed(await cli(args));
    const tags = async (repository: string) =>
      (await done('tags', 'ls', '-q', repository)).stdout.trim().split('\n').toSorted();
    const digestOf = async (of: string) =>
      (await done('imagetools', 'inspect', '--format', '{{.Manifest.Digest}}', of)).stdout.trim();

    if (row.auth !== undefined) {
      expectFailure(await cli(['tags', 'ls', name]), 'UNAUTHORIZED', host);
      succeed(await cli(['login', '-u', REGISTRY_USER, '--password-stdin', host], REGISTRY_PASSWORD));
    }
    await done('copy', `${source.host}/m/app:1`, `local://${name}:1`);
    await done('push', `${name}:1`);
    expect(await digestOf(`${name}:1`)).toBe(digest);

    await done('copy', '--referrers', `${source.host}/m/app:1`, `${name}:signed`);
    await done('copy', '--referrers', `${name}:signed`, `oci-layout://${home}/back`);
    const blobs = join(home, 'back/blobs/sha256');
    for (const { entry, bytes } of [image.root, signature.root])
      expect(readFileSync(join(blobs, entry.digest.slice(7)))).toEqual(bytes);
    // The tag that stands in for the referrers API.
    const standIn = can.referrers === true ? [] : [digest.replace(':', '-')];
    expect(await tags(name)).toEqual(['1', ...standIn, 'signed']);

    await done('promote', `${name}:1`, `${name}:2`);
    await done('promote', '--tag-semver', 'v1.2.3', `${name}:1`, `${host}/n/app`);
    expect(await tags(`${host}/n/app`)).toEqual(['1', '1.2', '1.2.3', 'latest', ...standIn]);
    expect(await digestOf(`${host}/n/app:latest`)).toBe(digest);

    await done('imagetools', 'create', '-t', `${name}:pr-made`, '-p', `${amd64},${arm64}`, `${name}:1`);
    const parts = image.manifests.slice(0, 2).map(({ entry }) => `${name}@${entry.digest}`);
    await done('merge', '-t', `${name}:pr-merged`, '--platform', `${amd64},${arm64}`, ...parts);
    const merged = await done('imagetools', 'inspect', '--raw', `${name}:pr-merged`);
    const { manifests } = JSON.parse(merged.stdout) as { manifests: { digest: string }[] };
    expect(manifests.map((entry) => entry.digest)).toEqual(
      image.manifests.slice(0, 2).map(({ entry }) => entry.digest),
    );
    await done('pull', '--platform', arm64, `${name}:pr-merged`);

    const removed = await cli(['tags', 'rm', `${name}:2`]);
    if (can.tagsAlone === true) expect(succeed(removed).stdout).toBe(`Untagged: ${name}:2\n`);
    else expectFailure(removed, 'TAG_NOT_ALONE', digest);
    await done('prune', '-f', '--registry', name, '--match', 'pr-*');
    const kept = [
      '1',
      ...(can.tagsAlone === true ? [] : ['2']),
      ...(can.listsGone === true ? ['pr-made', 'pr-merged'] : []),
    ];
    expectFailure(await cli(['imagetools', 'inspect', `${name}:pr-merged`]), 'NOT_FOUND');
    expect(await tags(name)).toEqual([...kept, ...standIn, 'signed']);
    await done('copy', `${name}:1`, `oci-layout://${home}/after`);
    for (const { entry } of [...image.manifests, ...image.blobs])
      expect(readFileSync(join(home, 'after/blobs/sha256', entry.digest.slice(7))).length).toBe(entry.size);
  });
});
