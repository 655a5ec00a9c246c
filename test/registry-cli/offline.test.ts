import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRemote } from '../build/image-reader.ts';
import { succeed } from '../build/project.ts';
import { testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { expectFailure, missing } from './cli.ts';
import { makeImage, seed, type MadeImage } from './seed.ts';

describe.skipIf(missing !== undefined)('without the registry', () => {
  let target: TestRegistry;
  let environment: TestEnvironment;

  beforeAll(async () => {
    target = await startRegistry();
    environment = testEnvironment();
  });
  afterAll(async () => {
    environment[Symbol.dispose]();
    await target.close();
  });

  let count = 0;
  const store = () => ({ POLYARCH_HOME: join(environment.folder, `store-${count++}`) });
  const build = (dockerfile: string, env: Readonly<Record<string, string>>, ...args: string[]) => {
    environment.write({ 'app/Dockerfile': dockerfile });
    return environment.polyarch(['build', '--progress=plain', ...args, 'app'], { allowFailure: true, env });
  };
  /** Pulls or builds with an image while its registry lives, which it then does no longer. */
  const leave = async (
    use: (name: string) => Promise<unknown>,
  ): Promise<{ name: string; image: MadeImage; digest: string }> => {
    await using registry = await startRegistry();
    const image = makeImage();
    await seed(registry.host, 'x/base:1', image);
    const name = `${registry.host}/x/base`;
    await use(name);
    return { name, image, digest: image.root.entry.digest };
  };
  const dockerfile = (base: string) => `FROM ${base}\nCOPY --from=${base} /platform /copy\n`;

  test('a base by digest that a build had needs none, and is pushed elsewhere', async () => {
    const env = store();
    let pinned = '';
    const { name, digest } = await leave(async (text) => {
      pinned = `${text}@${makeImage().root.entry.digest}`;
      succeed(await build(dockerfile(`${text}:1`), env));
    });
    expect(pinned).toBe(`${name}@${digest}`);
    succeed(await build(dockerfile(pinned), env, '-t', `${target.host}/pinned:1`, '--push'));
    succeed(await build(`${dockerfile(pinned)}LABEL a=b\n`, env, '--no-cache'));
    expect((await readRemote(target.host, 'pinned', '1')).images).toHaveLength(1);
  });

  test('a base by tag that was pulled is the local store’s; --pull asks for it', async () => {
    const env = store();
    const { name } = await leave((text) => environment.polyarch(['pull', `${text}:1`], { env }));
    succeed(await build(dockerfile(`${name}:1`), env));
    expectFailure(await build(dockerfile(`${name}:1`), env, '--pull'), 'REGISTRY_UNREACHABLE', name, /ECONNREFUSED/);
    succeed(await build(dockerfile(`${name}:1`), env, '-t', `${target.host}/tagged:1`, '--push'));
  });

  test('a base by tag that a build had is taken as it was, and that is said; --pull insists', async () => {
    const env = store();
    const { name, digest } = await leave(async (text) => succeed(await build(dockerfile(`${text}:1`), env)));
    const { stderr } = succeed(await build(`${dockerfile(`${name}:1`)}LABEL a=b\n`, env));
    expect(stderr).toMatch(
      new RegExp(
        `${name}:1 is taken as it was at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC \\(${digest}\\): .*ECONNREFUSED`,
      ),
    );
    expect(stderr.match(/is taken as it was/g)).toHaveLength(1);
    const pull = await build(dockerfile(`${name}:1`), env, '--pull');
    expectFailure(pull, 'REGISTRY_UNREACHABLE', name, /hint: .*without --pull that is taken/);
    const other = await build(dockerfile(`${name}:2`), env);
    expectFailure(other, 'REGISTRY_UNREACHABLE', `${name}:2`, /hint: Check that a registry is listening/);
  });

  test('an image of the local store is a base; --pull asks its registry, and says what it passes by', async () => {
    const env = store();
    await leave(async (text) => succeed(await build(dockerfile(`${text}:1`), env, '-t', 'nowhere.invalid/mine:1')));
    const mine = 'FROM nowhere.invalid/mine:1\nLABEL a=b\n';
    succeed(await build(mine, env, '-t', `${target.host}/mine:1`, '--push'));
    expect((await readRemote(target.host, 'mine', '1')).images).toHaveLength(1);
    const pull = await build(mine, env, '--pull');
    expectFailure(pull, 'REGISTRY_UNREACHABLE', 'nowhere.invalid/mine:1', /hint: .*in the local store: without --pull/);
  });

  test('a digest that is another blob’s is no image', async () => {
    const env = store();
    const { name, image } = await leave(async (text) => succeed(await build(dockerfile(`${text}:1`), env)));
    const [layer, config] = image.blobs.map(({ entry }) => `FROM ${name}@${entry.digest}\n`);
    expectFailure(await build(layer ?? '', env), 'REGISTRY_UNREACHABLE', name);
    expectFailure(await build(config ?? '', env), 'MANIFEST_INVALID', /schemaVersion is missing/);
  });

  test('--pull takes the newer image', async () => {
    const env = store();
    await using registry = await startRegistry();
    await using proxy = await startFaultProxy(registry.host);
    const name = `${proxy.host}/x/base:1`;
    await seed(registry.host, 'x/base:1', makeImage());
    await environment.polyarch(['pull', name], { env });
    await seed(registry.host, 'x/base:1', makeImage({ files: { platform: 'newer' } }));
    proxy.requests.length = 0;
    succeed(await build(dockerfile(name), env, '-o', 'old'));
    expect(proxy.requests).toEqual([]);
    succeed(await build(dockerfile(name), env, '--pull', '-o', 'new'));
    expect(proxy.count(/manifests\/1$/)).toBe(1);
  });

  test('what was not pulled of an image is told', async () => {
    const env = store();
    const both = makeImage({ platforms: ['linux/amd64', 'linux/arm64'] });
    const registry = await startRegistry();
    await seed(registry.host, 'x/base:1', both);
    const name = `${registry.host}/x/base:1`;
    await environment.polyarch(['pull', '--platform', 'linux/amd64', name], { env });
    await registry.close();
    succeed(await build(dockerfile(name), env, '--platform', 'linux/amd64'));
    const other = await build(dockerfile(name), env, '--platform', 'linux/arm64');
    expectFailure(other, 'REGISTRY_UNREACHABLE', /x\/base/);
    const push = await environment.polyarch(['push', name], { env, allowFailure: true });
    expectFailure(push, 'CONTENT_MISSING', /linux\/arm64/, /hint: /);
  });
});
