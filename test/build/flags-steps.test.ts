import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sharedEnvironment, succeed } from './project.ts';

const environment = sharedEnvironment({});
const at = (...parts: string[]): string => join(environment().folder, ...parts);
let count = 0;

/** Builds steps after `FROM busybox` and gives what they left in /out. */
async function outOf(steps: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const folder = `out-${count++}`;
  const result = await tryBuild(`${steps}\nFROM scratch\nCOPY --from=made /out /\n`, [...args, '-o', folder], env);
  succeed(result);
  return { text: (name = 'out') => readFileSync(at(folder, name), 'utf8'), stderr: result.stderr };
}

function tryBuild(steps: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const dockerfile = steps.startsWith('FROM') || steps.startsWith('#') ? steps : `FROM busybox AS made\n${steps}\n`;
  environment().write({ 'one.Dockerfile': dockerfile });
  const argv = ['build', '--progress=plain', '-f', 'one.Dockerfile', ...args, '.'];
  return environment().polyarch(argv, { env, allowFailure: true });
}

describe('--build-arg', () => {
  test('a value, one from the environment, a default, one before FROM', async () => {
    const steps =
      'ARG BASE=nothing\nFROM ${BASE} AS made\nARG ONE=1\nARG TWO=2\nARG THREE=3\nARG FOUR\nRUN echo "$ONE $TWO $THREE [$FOUR]" > /out';
    const args = [
      '--build-arg',
      'ONE=a=b c',
      '--build-arg',
      'TWO',
      '--build-arg',
      'BASE=busybox',
      '--build-arg',
      'FOUR',
    ];
    environment().write({ 'one.Dockerfile': `${steps}\nFROM scratch\nCOPY --from=made /out /\n` });
    const argv = ['build', '-f', 'one.Dockerfile', ...args, '-o', 'args', '.'];
    succeed(await environment().polyarch(argv, { env: { TWO: 'from env' }, allowFailure: true }));
    expect(readFileSync(at('args/out'), 'utf8')).toBe('a=b c from env 3 []\n');
  });

  test('one that nothing takes is told', async () => {
    const { stderr } = await outOf('RUN echo > /out', ['--build-arg', 'NOBODY=1']);
    expect(stderr).toMatch(/NOBODY/);
  });

  test('the platform arguments', async () => {
    const names = 'TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDARCH TARGETSTAGE'.split(' ');
    const steps = `${names.map((name) => `ARG ${name}`).join('\n')}\nRUN echo "${names.map((name) => `$${name}`).join(' ')}" > /out`;
    const { text } = await outOf(steps, ['--platform', 'linux/arm/v7']);
    expect(text()).toBe('linux/arm/v7 linux arm v7 linux/amd64 amd64 default\n');
  });

  test('proxies reach steps, but not the image', async () => {
    const steps = 'FROM busybox AS made\nRUN echo "$http_proxy $HTTP_PROXY" > /out';
    environment().write({ 'one.Dockerfile': steps });
    const flags = ['--build-arg', 'HTTP_PROXY=http://proxy.example:1', '-f', 'one.Dockerfile'];
    const outputs = ['-o', 'proxy', '-o', 'type=oci,dest=proxy.tar'];
    succeed(await environment().polyarch(['build', ...flags, ...outputs, '.'], { allowFailure: true }));
    expect(readFileSync(at('proxy/out'), 'utf8')).toContain('http://proxy.example:1');
    expect(readFileSync(at('proxy.tar')).includes('"HTTP_PROXY')).toBe(false);
  });
});

describe('--target', () => {
  const STAGES =
    'FROM busybox AS one\nRUN echo one > /name\nFROM one AS two\nRUN echo two > /name\nFROM busybox AS never\nRUN false\nFROM two\nRUN echo last > /name\n';
  test.each([
    ['one', 'one\n'],
    ['TWO', 'two\n'],
    ['1', 'two\n'],
  ])('%s', async (target, expected) => {
    succeed(await tryBuild(STAGES, ['--target', target, '-o', `target-${target}`]));
    expect(readFileSync(at(`target-${target}`, 'name'), 'utf8')).toBe(expected);
  });

  test('stages that the result does not need are not built', async () => {
    succeed(await tryBuild(STAGES, ['-o', 'target-last']));
    expect(readFileSync(at('target-last/name'), 'utf8')).toBe('last\n');
  });

  test('one that is not there names the nearest', async () => {
    const { code, stderr } = await tryBuild(STAGES, ['--target', 'tow']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/"?tow"?.*two/s)]);
  });
});

describe('the network', () => {
  const INTERFACES = 'ls /sys/class/net | tr "\\n" " "';

  test('--network=none and RUN --network=none: nothing but a loopback', async () => {
    expect(
      (await outOf('RUN cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " " > /out', ['--network=none'])).text(),
    ).toBe('lo\n');
    const step = 'RUN --network=none cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " " > /out';
    expect((await outOf(step)).text()).toBe('lo\n');
  });

  test('host has to be allowed, for a step and for the build', async () => {
    const step = `RUN --network=host cat /proc/net/dev > /out; ${INTERFACES}`;
    const refused = await tryBuild(step);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/--allow network\.host/)]);
    const { text } = await outOf(step, ['--allow', 'network.host']);
    const own = readFileSync('/proc/net/dev', 'utf8')
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]?.trim());
    expect(
      text()
        .split('\n')
        .slice(2)
        .map((line) => line.split(':')[0]?.trim()),
    ).toEqual(own);
    await outOf('RUN cat /proc/net/dev > /out', ['--allow', 'network.host', '--network=host']);
  });

  test('--add-host', async () => {
    const { text } = await outOf('RUN cp /etc/hosts /out', ['--add-host', 'db:10.1.2.3', '--add-host', 'six=[::7]']);
    expect(text()).toMatch(/^10\.1\.2\.3\s+db$/m);
    expect(text()).toMatch(/^::7\s+six$/m);
    const { code, stderr } = await tryBuild('RUN true', ['--add-host', 'db:nonsense']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('INVALID_ARGUMENT')]);
  });

  test('the files of the network are not part of the result', async () => {
    succeed(await tryBuild('RUN test -s /etc/resolv.conf', ['-o', 'net-files', '--add-host', 'db:10.1.2.3']));
    expect(readFileSync(at('net-files/etc/hosts'), 'utf8')).not.toContain('10.1.2.3');
  });
});

describe('limits and rights', () => {
  test('--shm-size and --ulimit', async () => {
    const steps = "RUN df -k /dev/shm | tail -1 | awk '{print $2}' > /out; ulimit -n >> /out; ulimit -Hn >> /out";
    const { text } = await outOf(steps, ['--shm-size', '8m', '--ulimit', 'nofile=123:456']);
    expect(text()).toBe('8192\n123\n456\n');
    expect((await outOf("RUN df -k /dev/shm | tail -1 | awk '{print $2}' > /out")).text()).toBe('65536\n');
  });

  test('--allow security.insecure', async () => {
    const step = 'RUN --security=insecure grep CapEff /proc/self/status > /out';
    const refused = await tryBuild(`# syntax=docker/dockerfile:1-labs\nFROM busybox AS made\n${step}\n`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/--allow security\.insecure/)]);
    const insecure = await outOf(step, ['--allow', 'security.insecure']);
    const usual = await outOf('RUN grep CapEff /proc/self/status > /out');
    expect(usual.text()).toBe('CapEff:\t00000000a80425fb\n');
    expect(BigInt(`0x${insecure.text().trim().split('\t')[1]}`)).toBeGreaterThan(0xa80425fbn);
  });

  test('--allow of anything else is refused', async () => {
    const { code, stderr } = await tryBuild('RUN true', ['--allow', 'everything']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('network.host')]);
  });
});

describe('RUN --mount', () => {
  test('bind: another stage, an image, the context; writable for the step only', async () => {
    environment().write({ 'mounted/file': 'from the context\n' });
    const { text } = await outOf(`RUN mkdir /out
FROM busybox AS other
RUN mkdir -p /deep/er && echo stage > /deep/er/file
FROM made AS next
RUN --mount=type=bind,target=/ctx cp /ctx/mounted/file /out/context
RUN --mount=from=other,source=/deep,target=/mnt cp /mnt/er/file /out/stage && ! touch /mnt/x 2>/dev/null
RUN --mount=from=busybox,source=/bin,target=/other-bin test -x /other-bin/busybox
RUN --mount=from=other,target=/rw,rw echo changed > /rw/deep/er/file && cp /rw/deep/er/file /out/written
RUN --mount=from=other,target=/again cp /again/deep/er/file /out/kept
RUN ls -d /ctx /mnt/* /other-bin /rw 2>/dev/null > /out/left || true
FROM scratch AS made2
COPY --from=next /out /out
FROM made2 AS made`);
    expect(text('context')).toBe('from the context\n');
    expect([text('stage'), text('written'), text('kept')]).toEqual(['stage\n', 'changed\n', 'stage\n']);
    expect(text('left')).toBe('');
  });

  test('cache: kept between builds, by its id, and in no layer', async () => {
    const step = (extra: string) =>
      `RUN --mount=type=cache,id=kept,target=/c mkdir -p /out && echo ${extra} >> /c/log && cp /c/log /out/log\nRUN test ! -s /c/log`;
    await outOf(step('one'));
    expect((await outOf(step('two'))).text('log')).toBe('one\ntwo\n');
    const other = 'RUN --mount=type=cache,id=other,target=/c mkdir /out && ls /c > /out/log';
    expect((await outOf(other)).text('log')).toBe('');
    const readonly =
      'RUN --mount=type=cache,id=kept,target=/c,ro mkdir /out && ! touch /c/x 2>/dev/null && cat /c/log > /out/log';
    expect((await outOf(readonly)).text('log')).toBe('one\ntwo\n');
  });

  test('cache: owner, mode and a source', async () => {
    const { text } = await outOf(`FROM busybox AS seeds
RUN mkdir -p /seed && echo seed > /seed/file
FROM busybox AS next
RUN --mount=type=cache,id=owned,target=/c,uid=11,gid=22,mode=0751 stat -c '%u %g %a' /c > /out
FROM next AS last
RUN --mount=type=cache,id=seeded,target=/c,from=seeds,source=/seed cat /c/file >> /out
FROM last AS made`);
    expect(text()).toBe('11 22 751\nseed\n');
  });

  test.each(['locked', 'private', 'shared'])('cache: sharing=%s', async (sharing) => {
    const mount = `--mount=type=cache,id=sharing-${sharing},target=/c,sharing=${sharing}`;
    const stage = (name: string) =>
      `FROM busybox AS ${name}\nRUN ${mount} : ${sharing}; echo ${name} >> /c/log; touch /c/in-${name}; sleep 1; ls /c/in-* | wc -l > /met; rm /c/in-${name}; cp /c/log /log\n`;
    const last = 'FROM scratch\nCOPY --from=a /log /met /a/\nCOPY --from=b /log /met /b/\n';
    succeed(await tryBuild(`${stage('a')}${stage('b')}${last}`, ['-o', `sharing-${sharing}`]));
    const read = (name: string) =>
      ['a', 'b'].map((stage) => readFileSync(at(`sharing-${sharing}`, stage, name), 'utf8'));
    const logs = {
      private: ['a\n', 'b\n'],
      locked: [expect.stringMatching(/^.\n$/), expect.stringMatching(/^.\n.\n$/)],
    };
    if (sharing === 'private' || sharing === 'locked') {
      expect(read('log').toSorted((one, other) => one.length - other.length)).toEqual(logs[sharing]);
      expect(read('met')).toEqual(['1\n', '1\n']);
    } else expect(read('met')).toContain('2\n');
  });

  test('tmpfs: empty, of a size, and gone', async () => {
    const steps = `RUN --mount=type=tmpfs,target=/t,size=1m mkdir /out && ls -A /t | wc -l > /out/count && df -k /t | tail -1 | awk '{print $2}' > /out/size && touch /t/x
RUN ls /t 2>/dev/null | wc -l >> /out/count`;
    const { text } = await outOf(steps);
    expect([text('count'), text('size')]).toEqual(['0\n0\n', '1024\n']);
  });
});

describe('how a step runs', () => {
  test('shells, exec form, heredocs, variables, folders and users', async () => {
    const { text } = await outOf(`ENV GREETING="hello world"
WORKDIR /out/deep
WORKDIR er
RUN pwd > ../../pwd
RUN ["/bin/sh", "-c", "echo exec $GREETING > /out/exec"]
RUN echo one \\
    # a comment between
    two > /out/lines
RUN <<EOF
echo heredoc > /out/heredoc
echo $GREETING >> /out/heredoc
EOF
RUN <<'EOF' cat > /out/quoted
$GREETING
EOF
RUN <<EOF
#!/usr/bin/awk -f
BEGIN { print "awk" > "/out/shebang" }
EOF
COPY <<a <<"b" /out/
a of $GREETING
a
b of $GREETING
b
RUN echo keeper:x:7:8::/:/bin/sh >> /etc/passwd; echo helpers:x:99: >> /etc/group; chmod 777 /out
USER keeper
RUN id -u > /out/user; id -g >> /out/user; echo $HOME >> /out/user
USER 1234:helpers
RUN id -u > /out/user2; id -g >> /out/user2
USER root
SHELL ["/bin/sh", "-e", "-c"]
RUN set -o | grep errexit > /out/shell`);
    expect(text('pwd')).toBe('/out/deep/er\n');
    expect(text('exec')).toBe('exec hello world\n');
    expect(text('lines')).toBe('one two\n');
    expect(text('heredoc')).toBe('heredoc\nhello world\n');
    expect(text('quoted')).toBe('$GREETING\n');
    expect(text('shebang')).toBe('awk\n');
    expect([text('a'), text('b')]).toEqual(['a of hello world\n', 'b of $GREETING\n']);
    expect(text('user')).toBe('7\n8\n/\n');
    expect(text('user2')).toBe('1234\n99\n');
    expect(text('shell')).toMatch(/on/);
  });

  test('a step that fails tells its status and its last lines, and leaves no layer', async () => {
    const { code, stderr } = await tryBuild('RUN echo out; echo err >&2; exit 42');
    expect(code).toBe(1);
    expect(stderr).toMatch(/exit code: 42/);
    expect(stderr).toMatch(/^out$/m);
    expect(stderr).toMatch(/^err$/m);
    expect(stderr).toMatch(/>>> RUN echo out/);
  });

  test.each([
    ["RUN sh -c 'kill -9 $$'; exit $?", /137/],
    ['RUN no-such-program', /127/],
    ['RUN ["/no/such/program"]', /\/no\/such\/program/],
    ['USER nobody-of-that-name\nRUN true', /nobody-of-that-name/],
    ['RUN --mount=from=busybox,source=/no/such,target=/m true', /\/no\/such/],
    ['FROM busybox:no-such-tag', /no-such-tag/],
    ['COPY --from=no-such-stage.invalid/x:1 a /', /no-such-stage/],
  ])('%s', async (steps, message) => {
    const { code, stderr } = await tryBuild(steps);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).not.toContain('internal error');
  });
});
