import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureRegistry, projectFolder, run, skip, temporaryFolder, testEnvironment } from '../support/environment.ts';

/** The tarball of `npm pack`, installed into an empty folder. */
describe('the package', () => {
  const folder = temporaryFolder();
  const command = join(folder.path, 'node_modules/.bin/polyarch');

  beforeAll(async () => {
    const packed = await run(['npm', 'pack', '--json', '--pack-destination', folder.path], { cwd: projectFolder });
    const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as [{ filename: string }]; // npm's own report
    writeFileSync(join(folder.path, 'package.json'), '{"private":true,"type":"module"}');
    await run(['npm', 'install', '--no-audit', '--no-fund', join(folder.path, filename)], { cwd: folder.path });
  }, 180_000);
  afterAll(() => folder[Symbol.dispose]());

  it('gives the command', async () => {
    const { stdout } = await run([process.execPath, command, '--version'], { cwd: folder.path });
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('builds an image for a foreign platform', async () => {
    using env = testEnvironment({ mirror: await fixtureRegistry('busybox') });
    env.write({ Dockerfile: 'FROM busybox\nRUN uname -m >/machine\n' });
    await run([process.execPath, command, 'build', '--platform', 'linux/arm64', '-o', 'out', '.'], {
      cwd: env.folder,
      env: env.env,
    });
    const { stdout } = await run(['cat', join(env.folder, 'out/machine')], {});
    expect(stdout.trim()).toBe('aarch64');
  });

  it('offers its API to a program', async () => {
    writeFileSync(
      join(folder.path, 'api.js'),
      "import { parsePlatforms, formatPlatform } from 'polyarch'; console.log(parsePlatforms('aarch64,armhf').map(formatPlatform).join());",
    );
    const { stdout } = await run([process.execPath, 'api.js'], { cwd: folder.path });
    expect(stdout.trim()).toBe('linux/arm64,linux/arm/v7');
  });

  it('says in one sentence what an old Node lacks', async (context) => {
    const system = '/usr/bin/node';
    const { stdout, code } = await run([system, '--version'], { allowFailure: true }).catch(() => ({
      stdout: '',
      code: 1,
    }));
    if (code !== 0 || Number(/^v(\d+)/.exec(stdout)?.[1]) >= 22)
      skip(context, `${system} is not an old Node (${stdout.trim() || 'none'})`);
    const old = await run([system, command, 'build', '.'], { allowFailure: true });
    expect(old.code).toBe(1);
    expect(old.stderr).toMatch(/^polyarch needs Node 22\.18 or newer; this is \d+/);
    expect(old.stderr.trim().split('\n')).toHaveLength(1);
  });
});
