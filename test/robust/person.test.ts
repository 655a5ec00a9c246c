import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { fixtureRegistry, skip, testEnvironment } from '../support/environment.ts';
import { registryMissing, startRegistry } from '../support/registry.ts';
import { leftovers, machineState, processesWith } from './machine.ts';
import { noPerson, polyarchAsPerson } from './person.ts';

/* Builds by an ordinary user: with subordinate ids as by root, without any as far as one id goes. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox', 'debian');
}, 300_000);

const PLATFORMS = '--platform=linux/amd64,linux/arm64,linux/arm/v7';
const EPOCH = { SOURCE_DATE_EPOCH: '1700000000' };
const OWNERS = `FROM busybox
RUN echo app:x:1000:1000::/:/bin/sh >> /etc/passwd && echo app:x:1000: >> /etc/group && mkdir -p /data && chown app:app /data && chmod 4755 /bin/busybox
USER app
RUN id -u > /data/id && mkdir /data/own
USER root
COPY --chown=7:8 file /file
RUN touch /a && chown 12:34 /a && chown -h 5:6 /bin/sh
WORKDIR /made
`;
const digestIn = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'))['containerimage.digest'];
const OUTPUT = ['-o', 'type=oci,dest=image.tar,rewrite-timestamp=true', '--metadata-file=meta.json'];

it('with subordinate ids builds three platforms with the digests of root', async (context) => {
  const reason = noPerson() ?? registryMissing();
  if (reason !== undefined) return skip(context, reason);
  await using registry = await startRegistry();
  using environment = testEnvironment({ mirror });
  environment.write({ Dockerfile: OWNERS, file: 'x' });
  await environment.polyarch(['build', PLATFORMS, ...OUTPUT, '.'], { env: EPOCH });
  const digest = digestIn(environment.folder);
  const before = machineState();
  const name = `${registry.host}/person/app:1`;
  const result = await polyarchAsPerson(
    environment,
    ['build', PLATFORMS, ...OUTPUT, '-o', `type=image,name=${name},push=true`, '.'],
    { subordinate: true, env: EPOCH },
  );
  expect(result.code, result.stderr).toBe(0);
  expect(digestIn(environment.folder)).toBe(digest);
  expect(result.stderr).not.toContain('note:');
  expect((await fetch(`http://${registry.host}/v2/person/app/tags/list`)).status).toBe(200);
  expect(statSync(join(environment.folder, 'image.tar')).uid).toBe(61235);
  expect(machineState()).toEqual(before);
  expect(processesWith(result.home)).toEqual([]);
  expect(leftovers(result.home)).toEqual([]);
});

it('without subordinate ids builds three platforms, and is told what it costs', async (context) => {
  const reason = noPerson();
  if (reason !== undefined) return skip(context, reason);
  using environment = testEnvironment({ mirror });
  environment.write({ Dockerfile: OWNERS, file: 'x' });
  const args = ['build', PLATFORMS, '-t', 'app', '-o', 'out', '.'];
  const result = await polyarchAsPerson(environment, args, { subordinate: false });
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/note: .*root \(0:0\).*usermod --add-subuids/);
  expect(result.stderr.match(/note: /g)).toHaveLength(1);
  expect(readFileSync(join(environment.folder, 'out/linux_arm64/data/id'), 'utf8')).toBe('0\n');
  expect(statSync(join(environment.folder, 'out/linux_arm_v7/a')).uid).toBe(61235);
  expect(processesWith(result.home)).toEqual([]);
  expect(leftovers(result.home)).toEqual([]);
});

it.for([true, false])(
  'writes a folder with folders that nobody may write (subordinate ids: %s)',
  async (subordinate, context) => {
    const reason = noPerson();
    if (reason !== undefined) return skip(context, reason);
    using environment = testEnvironment({ mirror });
    const shut =
      'mkdir -p /o/shut/in && echo $W > /o/shut/in/f && chown -R 3:4 /o/shut && chmod 555 /o/shut /o/shut/in';
    environment.write({
      Dockerfile: `FROM busybox AS made\nARG W\nRUN ${shut}\nFROM scratch\nCOPY --from=made /o /\n`,
    });
    for (const [word, mode] of [
      ['first', 'copy'],
      ['second', 'copy'],
      ['third', 'delete'],
    ]) {
      const args = ['build', `--build-arg=W=${word}`, '-o', `type=local,dest=out,mode=${mode}`, '.'];
      const result = await polyarchAsPerson(environment, args, { subordinate });
      expect(result.code, result.stderr).toBe(0);
      expect(readFileSync(join(environment.folder, 'out/shut/in/f'), 'utf8')).toBe(`${word}\n`);
      expect(statSync(join(environment.folder, 'out/shut/in'))).toMatchObject({ mode: 0o40555, uid: 61235 });
      expect(readdirSync(join(environment.folder, 'out'))).toEqual(['shut']);
    }
  },
);

it.for([true, false])('installs Debian packages (subordinate ids: %s)', async (subordinate, context) => {
  const reason = noPerson();
  if (reason !== undefined) return skip(context, reason);
  using environment = testEnvironment({ mirror });
  environment.write({
    Dockerfile: `FROM debian
RUN mkdir -p /p/DEBIAN /p/srv/p && printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m <m@localhost>\\nDescription: d\\n' > /p/DEBIAN/control && printf '#!/bin/sh\\nchown daemon:games /srv/p/f\\nchmod 2755 /srv/p/f\\n' > /p/DEBIAN/postinst && chmod 755 /p/DEBIAN/postinst && touch /p/srv/p/f && dpkg-deb -b /p /p.deb && dpkg -i /p.deb
RUN useradd -m someone && su someone -c 'id -un > ~/name' && ls -ln /srv/p/f | cut -c1-10,13-20
`,
  });
  const { code, stderr } = await polyarchAsPerson(environment, ['build', '-o', 'out', '.'], { subordinate });
  expect(code, stderr).toBe(0);
  const name = readFileSync(join(environment.folder, 'out/home/someone/name'), 'utf8');
  expect(name).toBe(subordinate ? 'someone\n' : 'root\n');
});
