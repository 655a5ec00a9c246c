import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command.ts';
import { projectFolder, run, skip } from '../support/environment.ts';
import { account, expectFailure } from './account.ts';

const { environment, cli, out } = account();

describe('help', () => {
  test.each(Object.keys(COMMANDS))('%s tells its flags, with examples', async (name) => {
    const help = await out(name, '--help');
    expect(help).toMatch(new RegExp(`^Usage: polyarch ${name} `));
    if (name !== 'version') expect(help).toMatch(new RegExp(`Examples:\n[\\s\\S]*polyarch ${name}`));
    expect(await out('help', name)).toBe(help);
  });

  test('the commands, with and without --help', async () => {
    const help = await out('--help');
    for (const [name, { summary }] of Object.entries(COMMANDS))
      expect(help).toMatch(new RegExp(`^  ${name} +${summary}`, 'm'));
    expect(await out()).toBe(help);
    expect(await out('help')).toBe(help);
  });
});

test('the version', async () => {
  const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string };
  expect(await out('--version')).toBe(`${version}\n`);
  expect(await out('-v')).toBe(`${version}\n`);
  expect(await out('version')).toContain(`polyarch ${version}\nnode v`);
});

describe('usage errors have exit status 125, name the nearest word and write nothing to stdout', () => {
  test.each([
    [['buidl', '.'], 'UNKNOWN_COMMAND', 'did you mean "build"?'],
    [['nonsense'], 'UNKNOWN_COMMAND', 'polyarch --help'],
    [['build', '--plaform', 'linux/amd64', '.'], 'UNKNOWN_FLAG', 'Did you mean --platform?'],
    [['build', 'a', 'b'], 'TOO_MANY_ARGUMENTS', 'polyarch build --help'],
    [['build', '--file'], 'MISSING_ARGUMENT', '--file'],
    [['tag', 'a'], 'MISSING_ARGUMENT', 'target'],
    [['images', '--nope'], 'UNKNOWN_FLAG', '--nope'],
    [['--nope', 'images'], 'UNKNOWN_FLAG', '--nope'],
    [['help', 'nonsense'], 'UNKNOWN_COMMAND', 'polyarch --help'],
  ])('%j', async (args, code, text) => {
    const result = await cli(...args);
    expectFailure(result, 125, `[${code}]`, text);
    expect(result.stdout).toBe('');
  });
});

describe('--debug', () => {
  test('before the command it is polyarch’s, behind an image the command’s', async () => {
    expect((await cli('-D', 'run', 'busybox', 'echo', '-D')).stderr).toMatch(/^debug /m);
    const result = await cli('run', 'busybox', 'echo', '--debug', '-D');
    expect(result).toMatchObject({ stdout: '--debug -D\n', stderr: '' });
  });
});

describe('platforms', () => {
  test('what each is called, and how it runs here', async () => {
    const table = await out('platforms');
    expect(table).toMatch(/^PLATFORM +UNAME +QEMU +GO +DEBIAN +RUST +RUNS HERE\n/);
    const own = (await run(['uname', '-m'])).stdout.trim();
    expect(table).toMatch(new RegExp(` ${own} .* natively$`, 'm'));
    expect(table).toMatch(
      /^linux\/arm\/v7 +armv7l +arm +arm GOARM=7 +armhf +armv7-unknown-linux-gnueabihf +(natively|emulated|no)/m,
    );
    const rows = JSON.parse(await out('platforms', '--format', 'json')) as { platform: string; mode: string }[];
    expect(rows.map(({ platform }) => platform)).toContain('linux/s390x');
  });

  test('what this CPU lacks of a variant', async (context) => {
    if (process.arch !== 'x64') skip(context, 'the variants here are those of amd64');
    const own = environment();
    own.write({ cpuinfo: 'flags : cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3\n' });
    const script = `mount --bind cpuinfo /proc/cpuinfo && exec "${join(projectFolder, 'bin/polyarch')}" platforms`;
    const { stdout } = await run(['unshare', '--map-root-user', '--mount', 'sh', '-c', script], {
      cwd: own.folder,
      env: own.env,
    });
    expect(stdout).toMatch(/^linux\/amd64\/v2 .* natively$/m);
    expect(stdout).toMatch(/^linux\/amd64\/v3 .* natively, but this CPU lacks avx avx2 /m);
  });
});

test('a reader that goes away is no failure', async () => {
  const command = `${join(projectFolder, 'bin/polyarch')} platforms | head -1; exit \${PIPESTATUS[0]}`;
  const { code, stderr } = await run(['bash', '-c', command], { env: environment().env, allowFailure: true });
  expect([code, stderr]).toEqual([0, '']);
});
