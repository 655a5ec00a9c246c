import { copyFileSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from './fixtures.ts';
import { run } from './process.ts';
import { newSigner, packInstalled } from './prove-alpine/repository.ts';
import { SOURCES } from './prove-packs/sources.ts';
import { treeOf } from './prove-packs/tree.ts';

/*
 * Proves Alpine's pairs with Alpine's own programs: scripts/prove-alpine.ts PLATFORM FOREIGN NATIVE [CASE…], where FOREIGN and NATIVE
 * are minirootfs archives (alpine-minirootfs-VERSION-ARCH.tar.gz) of the same version, of the platform and of this machine.
 * What is installed in them is packed anew and served on the loopback interface, signed by a key of the run's.
 */
/** Logs and caches, and what apk stamps with the time. */
const VOLATILE = /^(var\/log|var\/cache|tmp|run|lib\/apk\/db\/(?:scripts\.tar|lock))(\/|$)/;

const [platform = '', foreign = '', native = '', ...chosen] = process.argv.slice(2);
const architectures = [foreign, native].map((file) => /-([^-]+)\.tar\.gz$/.exec(file)?.[1] ?? '');
const work = mkdtempSync(join(tmpdir(), 'prove-alpine-'));
const signer = newSigner();
for (const [at, file] of [foreign, native].entries()) {
  const root = join(work, `root-${at}`);
  mkdirSync(root);
  await run(['tar', '-xzf', file, '-C', root]);
  packInstalled(root, join(work, 'repository'), { architecture: architectures[at] ?? '', signer });
}
const server = createServer((request, response) => {
  const file = join(work, 'repository', new URL(request.url ?? '', 'http://x').pathname);
  const found = lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
  response.writeHead(found ? 200 : 404).end(found ? readFileSync(file) : '');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
// An address with a port, as it listens on TCP.
const { port } = server.address() as AddressInfo;

const context = join(work, 'context');
mkdirSync(join(context, 'files'), { recursive: true });
for (const [name, bytes] of Object.entries(SOURCES)) writeFileSync(join(context, 'files', name), bytes);
copyFileSync(foreign, join(context, 'root.tar.gz'));
writeFileSync(join(context, 'repositories'), `http://127.0.0.1:${port}\n`);
writeFileSync(join(context, signer.name), signer.publicKey);
const home = join(work, 'home');
mkdirSync(join(home, 'accel/keys'), { recursive: true });
writeFileSync(join(home, 'accel/keys', signer.name), signer.publicKey);

let failed = 0;
const cases = ['names', 'shell', 'text', 'files', 'archives', 'apk'] as const;
const script = (name: string) => readFileSync(join(projectFolder, 'scripts/prove-alpine', `${name}.sh`), 'utf8');
for (const name of cases.filter((one) => chosen.length === 0 || chosen.includes(one))) {
  const whole = name === 'apk';
  writeFileSync(join(context, 'step'), `${script('common')}${whole ? `exec >/out/log 2>&1\n` : ''}${script(name)}`);
  const dockerfile = [
    'FROM scratch AS work',
    'ADD root.tar.gz /',
    'COPY repositories /etc/apk/repositories',
    `COPY ${signer.name} /etc/apk/keys/`,
    'ARG RUN',
    'WORKDIR /work',
    'COPY files/ /work/',
    'COPY step /step',
    'RUN mkdir /out',
    'RUN sh /step || true',
    ...(whole ? [] : ['FROM scratch', 'COPY --from=work /out /']),
  ];
  writeFileSync(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
  const accelerated = await build('compatible', name);
  const emulated = await build('off', name);
  const paths = new Set([...emulated.tree.keys(), ...accelerated.tree.keys()]);
  const differences = [...paths].filter((path) => emulated.tree.get(path) !== accelerated.tree.get(path));
  const ok = differences.length === 0 && accelerated.native !== '' && emulated.tree.size > 0;
  if (!ok) failed++;
  console.log(
    `${ok ? 'same' : 'DIFFERENT'}  ${name} ${platform}: ${emulated.tree.size} files; ${emulated.seconds.toFixed(1)} s → ${accelerated.seconds.toFixed(1)} s`,
  );
  console.log(`      ran native: ${accelerated.native}`);
  for (const path of differences.slice(0, 40))
    console.log(`      ${path}: ${emulated.tree.get(path) ?? 'nothing'} → ${accelerated.tree.get(path) ?? 'nothing'}`);
  if (!ok && process.env['PROVE_KEEP'] !== undefined)
    for (const kind of ['off', 'compatible'])
      await run(['cp', '-a', join(work, `${name}-${kind}`), process.env['PROVE_KEEP']]);
}
server.close();
server.closeAllConnections();
rmSync(work, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

async function build(
  accel: string,
  name: string,
): Promise<{ readonly tree: ReadonlyMap<string, string>; readonly seconds: number; readonly native: string }> {
  const out = join(work, `${name}-${accel}`);
  const words = ['--progress', 'plain', '--platform', platform, '--accel', accel, '-o', out];
  const { stderr } = await run(
    [join(projectFolder, 'bin/polyarch'), 'build', ...words, '--build-arg', `RUN=${accel}`, context],
    { env: { ...process.env, POLYARCH_HOME: home } },
  );
  if (process.env['PROVE_LOG'] !== undefined) console.error(stderr);
  const step = /^#(\d+) .* RUN sh \/step/m.exec(stderr)?.[1] ?? '';
  const seconds = Number(new RegExp(`^#${step} DONE ([\\d.]+)s`, 'm').exec(stderr)?.[1] ?? Number.NaN);
  const native = new RegExp(`^#${step} [\\d.]+ ran native: (.*)$`, 'm').exec(stderr)?.[1] ?? '';
  return { tree: treeOf(out, VOLATILE), seconds, native };
}
