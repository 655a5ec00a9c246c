import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { account, expectFailure, onTerminal, POLYARCH, start, type Started, TWO } from './account.ts';

const { environment, cli, out } = account(
  {
    Dockerfile: `FROM busybox
ENV GREETING=hello
RUN echo 'someone:x:1234:1234::/:/bin/sh' >> /etc/passwd && mkdir /work && chown 1234:1234 /work
COPY --chmod=755 entry.sh /entry.sh
COPY --chmod=644 plain /plain
COPY --chmod=755 broken /broken
WORKDIR /work
USER someone
ENTRYPOINT ["/entry.sh"]
CMD ["one", "two"]
`,
    'entry.sh': '#!/bin/sh\necho "$(uname -m) $(id -un) $PWD $GREETING: $*"\n',
    plain: '#!/bin/sh\necho never\n',
    broken: '\x7fELF is no program\n',
    'env.txt': '# a comment\n\nFROM_FILE=1\nGREETING=file\n  TRIMMED=yes\nQUOTED="kept"\n',
    Empty: 'FROM scratch\nCOPY plain /\n',
  },
  [
    ['build', '-q', '--platform', TWO, '-t', 'app', '.'],
    ['build', '-q', '-f', 'Empty', '-t', 'empty', '.'],
    ['build', '-q', '--platform', 'linux/arm64', '-t', 'foreign', '.'],
  ],
);

const shell = (...args: string[]) => [...args.slice(0, -1), '--entrypoint', 'sh', 'app', '-c', args.at(-1) ?? ''];

describe('what runs', () => {
  test.each([
    ['ENTRYPOINT with CMD', ['app'], 'x86_64 someone /work hello: one two\n'],
    ['a command in CMD’s place', ['app', 'three', '-q'], 'x86_64 someone /work hello: three -q\n'],
    ['another platform', ['--platform', 'linux/arm64', 'app'], 'aarch64 someone /work hello: one two\n'],
    ['another spelling of a platform', ['--platform=aarch64', 'app'], 'aarch64 someone /work hello: one two\n'],
    ['another entrypoint drops CMD', ['--entrypoint', 'echo', 'app'], '\n'],
    ['no entrypoint', ['--entrypoint', '', 'app', 'echo', 'x'], 'x\n'],
    [
      'flags behind the image are the command’s',
      ['app', '--platform', 'x', '-D'],
      'x86_64 someone /work hello: --platform x -D\n',
    ],
    ['environment', ['-e', 'GREETING=hi', '-e', 'HOME', 'app'], 'x86_64 someone /work hi: one two\n'],
    [
      'environment from a file',
      shell('--env-file', 'env.txt', 'echo $FROM_FILE $GREETING $TRIMMED $QUOTED'),
      '1 file yes "kept"\n',
    ],
    ['--env over --env-file', shell('--env-file', 'env.txt', '-e', 'GREETING=flag', 'echo $GREETING'), 'flag\n'],
    ['user and folder', shell('-u', '7:8', '-w', '/new/folder', 'echo $(id -u):$(id -g) $PWD'), '7:8 /new/folder\n'],
    [
      'hostname and hosts',
      shell('--hostname', 'box', '--add-host', 'db:10.1.2.3', 'hostname; grep db /etc/hosts'),
      'box\n10.1.2.3\tdb\n',
    ],
    ['no network', shell('--network', 'none', 'ls /sys/class/net >/dev/null; grep -c : /proc/net/dev'), '1\n'],
    ['--rm is accepted', ['--rm', 'app', 'x'], 'x86_64 someone /work hello: x\n'],
    ['no terminal', shell('tty'), 'not a tty\n'],
  ])('%s', async (_name, args, expected) => {
    const result = await cli('run', ...args);
    expect(result.stdout).toBe(expected);
    if (!expected.includes('not a tty')) expect(result.code).toBe(0);
  });

  test('an image of one foreign platform runs, and that is said', async () => {
    const result = await cli('run', 'foreign');
    expect(result.stdout).toBe('aarch64 someone /work hello: one two\n');
    expect(result.stderr).toContain('foreign is for linux/arm64: it runs emulated');
  });

  test('stdin only with -i; stdout and stderr apart', async () => {
    const cat = ['run', ...shell('cat; echo err >&2')];
    expect(await environment().polyarch(cat, { input: 'typed' })).toMatchObject({ stdout: '', stderr: 'err\n' });
    expect(await environment().polyarch(['run', '-i', ...cat.slice(1)], { input: 'typed' })).toMatchObject({
      stdout: 'typed',
      stderr: 'err\n',
    });
  });

  test('folders and files of the machine', async () => {
    const file = join(environment().folder, 'shared');
    writeFileSync(file, 'from here\n');
    expect(await out('run', '-u', '0', ...shell('-v', './shared:/in', 'cat /in; echo from there > /in'))).toBe(
      'from here\n',
    );
    expect(readFileSync(file, 'utf8')).toBe('from there\n');
    const result = await cli('run', '-u', '0', ...shell('-v', `${file}:/in:ro`, 'echo no > /in'));
    expect(result.stderr).toContain('Read-only file system');
    expect(readFileSync(file, 'utf8')).toBe('from there\n');
  });

  test('nothing that it writes stays; --read-only refuses it', async () => {
    expect(await out('run', ...shell('touch /work/a; ls /work'))).toBe('a\n');
    expect(await out('run', ...shell('ls /work'))).toBe('');
    const result = await cli('run', '--read-only', ...shell('touch /work/a'));
    expect(result.stderr).toContain('Read-only file system');
    expect(result.code).toBe(1);
  });
});

describe('exit status', () => {
  test('of the process', async () => {
    expect((await cli('run', ...shell('exit 42'))).code).toBe(42);
    expect((await cli('run', '--platform', 'linux/arm64', ...shell('exit 43'))).code).toBe(43);
  });

  test.each([
    ['a program that is not there', ['--entrypoint', 'nothing', 'app'], 127, 'COMMAND_NOT_FOUND'],
    ['a file without its executable bit', ['--entrypoint', '/plain', 'app'], 126, 'COMMAND_DENIED'],
    ['a folder', ['--entrypoint', '/work', 'app'], 126, 'COMMAND_DENIED'],
    ['a file that is no program', ['--entrypoint', '/broken', 'app'], 126, 'EXEC_FORMAT'],
    ['an image without a command', ['empty'], 125, 'NO_COMMAND'],
    ['an image that is nowhere', ['--pull', 'never', 'nowhere'], 125, 'IMAGE_NOT_FOUND'],
    ['a platform that the image lacks', ['--platform', 'linux/s390x', 'app'], 125, 'NO_MATCHING_PLATFORM'],
    ['a platform that there is not', ['--platform', 'linux/abacus', 'app'], 125, 'UNKNOWN_PLATFORM'],
    ['a user that there is not', ['-u', 'nobody-here', 'app'], 125, 'USER_NOT_FOUND'],
    ['a volume that there is not', ['-v', '/not/there:/x', 'app'], 125, 'NOT_FOUND'],
    ['a named volume', ['-v', 'data:/x', 'app'], 125, 'no named volumes'],
    ['a network that there is not', ['--network', 'bridge', 'app'], 125, 'INVALID_ARGUMENT'],
    ['a missing environment file', ['--env-file', 'nope', 'app'], 125, 'NOT_FOUND'],
    ['an unknown flag', ['--rmm', 'app'], 125, 'Did you mean --rm'],
    ['no image', [], 125, 'MISSING_ARGUMENT'],
  ])('%s', async (_name, args, status, text) => {
    expectFailure(await cli('run', ...args), status, text);
  });
});

describe('pulling', () => {
  test('a missing image is pulled, for the platform that is asked for', async () => {
    const result = await cli('run', '--platform', 'linux/arm/v7', 'busybox', 'uname', '-m');
    expect(result.stderr).toContain('busybox for linux/arm/v7 is not here: pulling it');
    expect(result.stdout).toBe('armv7l\n');
    expect((await cli('run', '--platform', 'linux/arm/v7', 'busybox', 'uname', '-m')).stderr).toBe('');
    expectFailure(
      await cli('run', '--pull', 'never', '--platform', 'linux/386', 'busybox'),
      125,
      'IMAGE_NOT_FOUND',
      'polyarch pull --platform linux/386 busybox',
    );
    expect((await cli('run', '--pull', 'always', 'busybox', 'uname', '-m')).stdout).toBe('x86_64\n');
  });
});

const ready = async ({ output }: Started): Promise<void> => {
  for (let i = 0; i < 500 && !output().includes('ready'); i++) await sleep(20);
  // The shell becomes the program.
  await sleep(300);
};

describe('signals', () => {
  test.each([
    ['SIGTERM', 'linux/amd64', 143],
    ['SIGINT', 'linux/amd64', 130],
    ['SIGTERM', 'linux/arm64', 143],
    ['SIGHUP', 'linux/arm64', 129],
  ] as const)('%s ends a process that does not handle it, on %s', async (signal, platform, status) => {
    const started = start(environment(), ['run', '--platform', platform, ...shell('echo ready; exec sleep 60')]);
    await ready(started);
    process.kill(started.pid, signal);
    expect(await started.ended).toEqual({ code: status, signal: null });
  });

  test.each(['linux/amd64', 'linux/arm64'])('one that handles it decides, on %s', async (platform) => {
    const started = start(environment(), [
      'run',
      '--platform',
      platform,
      ...shell('trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.1; done'),
    ]);
    await ready(started);
    process.kill(started.pid, 'SIGTERM');
    expect(await started.ended).toEqual({ code: 9, signal: null });
    expect(started.output()).toContain('caught');
  });

  test('the third one ends a process that ignores them, and nothing is left', async () => {
    const started = start(environment(), [
      'run',
      ...shell('trap "echo no" TERM; echo ready; while :; do sleep 0.1; done'),
    ]);
    await ready(started);
    const children = childrenOf(started.pid);
    expect(children.length).toBeGreaterThan(1);
    for (let i = 0; i < 3; i++) {
      process.kill(started.pid, 'SIGTERM');
      await sleep(100);
    }
    expect(await started.ended).toEqual({ code: 143, signal: null });
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});

/** The processes below one, deepest last. */
function childrenOf(pid: number): number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

describe('on a terminal', () => {
  test.each(['linux/amd64', 'linux/arm64'])(
    '-it gives the process one, and its exit status, on %s',
    async (platform) => {
      const inside = 'tty; test -t 0 && test -t 2; echo "$? $TERM"; echo re""ady; read line; echo "got $line"; exit 5';
      const command = `${POLYARCH} run --platform ${platform} -it --entrypoint sh app -c '${inside}'; echo status $?; stty -a`;
      const { output } = await onTerminal(environment(), command, [{ when: 'ready', type: 'typed\r' }]);
      expect(output).toContain('/dev/pts/0');
      expect(output).toContain('0 xterm');
      expect(output).toContain('got typed');
      expect(output).toContain('status 5');
      expect(output).toMatch(/\bisig icanon .* echo /);
    },
  );

  test.each(['-it', ''])('Ctrl-C goes to what runs there, once (%s)', async (flags) => {
    const inside =
      'n=0; trap "n=\\$((n+1))" INT; echo re""ady; i=0; while [ $i -lt 15 ]; do i=$((i+1)); sleep 0.1; done; echo "caught $n"; exit 4';
    const command = `trap : INT; ${POLYARCH} run ${flags} --entrypoint sh app -c '${inside}'; echo status $?`;
    const { output } = await onTerminal(environment(), command, [{ when: 'ready', type: '\x03' }]);
    expect(output).toContain('caught 1');
    expect(output).toContain('status 4');
  });

  test('without a terminal -t says that it does nothing', async () => {
    const result = await cli('run', '-t', ...shell('tty'));
    expect(result.stderr).toContain('-t does nothing');
    expect(result.stdout).toBe('not a tty\n');
  });

  test('-t with -i and no terminal is refused', async () => {
    expectFailure(
      await environment().polyarch(['run', '-it', 'app'], { input: '', allowFailure: true }),
      125,
      'NO_TERMINAL',
    );
  });
});
