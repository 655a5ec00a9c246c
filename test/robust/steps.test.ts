import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtureRegistry, testEnvironment } from '../support/environment.ts';
import { layerNames } from './layers.ts';
import { logOf } from './logs.ts';
import { expectNothingLeft } from './machine.ts';

/* What a RUN step sees, may do and leaves behind. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
}, 60_000);

/** Builds a Dockerfile whose steps carry a `: name;` to find their output by. */
async function build(
  dockerfile: string,
  options: { args?: readonly string[]; fails?: boolean; env?: Readonly<Record<string, string>> } = {},
) {
  const environment = testEnvironment({ mirror });
  environment.write({ Dockerfile: dockerfile, 'context/file': 'from the context\n' });
  const { env = {}, args = ['-o', 'type=cacheonly'] } = options;
  const result = await environment.polyarch(['build', '--progress=rawjson', ...args, '.'], { env, allowFailure: true });
  if (options.fails !== true) expect(result.code, result.stderr.slice(-3000)).toBe(0);
  await expectNothingLeft(environment);
  const log = (name: string) => logOf(result.stderr, `: ${name};`);
  return Object.assign(result, { environment, log, [Symbol.dispose]: () => environment[Symbol.dispose]() });
}

describe('a step sees', () => {
  it.each(['linux/amd64', 'linux/arm64'])('a clean world of its own (%s)', async (platform) => {
    using result = await build(
      `FROM busybox
RUN : env; env | sort
RUN : who; id -u; hostname; echo $$; cat /proc/self/oom_score_adj
RUN : caps; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status
RUN : stdin; cat; wc -c < /dev/stdin; echo end
RUN : reopen; echo one > /dev/stdout; echo two > /dev/stderr; echo three | tee /dev/stderr
RUN : files; cat /etc/hosts; ls -ld /etc/resolv.conf /proc/kallsyms /dev/null
`,
      {
        args: ['-o', 'type=cacheonly', '--platform', platform],
        env: { POLYARCH_TEST: 'leak', QEMU_CPU: 'max', QEMU_LD_PREFIX: '/leak', LD_PRELOAD: '', HOST_SECRET: 'leak' },
      },
    );
    expect(result.log('env')[1].split('\n').filter(Boolean)).toEqual([
      'HOME=/root',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PWD=/',
      'SHLVL=1',
    ]);
    expect(result.log('who')[1].split('\n').slice(0, 3)).toEqual(['0', 'buildkitsandbox', '1']);
    // Docker's default set, moby/profiles; not inherited, not ambient.
    expect(result.log('caps')[1].replaceAll('\t', ' ').split('\n')).toEqual([
      'CapInh: 0000000000000000',
      'CapPrm: 00000000a80425fb',
      'CapEff: 00000000a80425fb',
      'CapBnd: 00000000a80425fb',
      'CapAmb: 0000000000000000',
      'NoNewPrivs: 0',
      'Seccomp: 2',
      '',
    ]);
    expect(result.log('stdin')[1]).toBe('0\nend\n');
    expect(result.log('reopen')).toEqual({ 1: 'one\nthree\n', 2: 'two\nthree\n' });
    expect(result.log('files')[1]).toContain('127.0.0.1\tlocalhost');
  });
});

describe('a step may not', () => {
  it('do what Docker forbids', async () => {
    using result = await build(`FROM busybox
RUN : forbidden; for command in "mount -t tmpfs none /mnt" "unshare -U true" "unshare -m true" "mknod /b b 8 0" "chroot /proc/1/root mount -o remount,rw /proc/sys" "sysctl -w kernel.hostname=x" "dmesg" "swapon /x" "insmod /x" "ls /proc/1/root/../host"; do $command >/dev/null 2>&1 && echo "$command worked"; done; echo all
RUN : write; for file in /proc/sys/kernel/hostname /sys/power/state /proc/sysrq-trigger /proc/sys/fs/binfmt_misc/register; do (echo x > $file) 2>/dev/null && echo "$file written"; done; echo all
`);
    expect(result.log('forbidden')[1]).toBe('all\n');
    expect(result.log('write')[1]).toBe('all\n');
  });

  it('change the owner of the machine’s /dev/null, whoever it runs as', async () => {
    const before = statSync('/dev/null');
    using result = await build(`FROM busybox
USER 1234:1234
RUN : one; id -u; echo x > /dev/stdout; echo y > /dev/null; cat
`);
    expect(result.log('one')[1]).toBe('1234\nx\n');
    expect(statSync('/dev/null')).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
  });

  it('write to read-only mounts, nor leave mountpoints in them', async () => {
    using result = await build(`FROM busybox AS other
RUN mkdir /deep && echo kept > /deep/file
FROM busybox
RUN --mount=type=bind,source=context,target=/c --mount=type=bind,from=other,target=/o --mount=type=cache,target=/o/deep/cache --mount=type=tmpfs,target=/o/new/tmp : mounts; cat /c/file /o/deep/file; touch /o/deep/cache/in /o/new/tmp/in; for file in /c/file /c/new /o/deep/file /o/new/x; do (echo x > $file) 2>/dev/null && echo "$file written"; done; echo all
RUN --mount=type=bind,from=other,target=/o : after; ls /o /o/deep
RUN --mount=type=bind,from=other,target=/o,rw : rw; echo changed > /o/deep/file; cat /o/deep/file
RUN --mount=type=bind,from=other,target=/o : again; cat /o/deep/file; ls -d /c /o/new 2>/dev/null; echo all
`);
    expect(result.log('mounts')[1]).toBe('from the context\nkept\nall\n');
    expect(result.log('after')[1]).not.toContain('new');
    expect(result.log('after')[1]).not.toContain('cache');
    expect(result.log('rw')[1]).toBe('changed\n');
    expect(result.log('again')[1]).toBe('kept\nall\n');
  });
});

describe('output', () => {
  it('of 100,000 lines is complete and in order, on both streams', async () => {
    using result = await build(`FROM busybox
RUN : lines; i=0; while [ $i -lt 100000 ]; do echo "line $i of many"; i=$((i+1)); done
RUN : errors; i=0; while [ $i -lt 20000 ]; do echo "error $i" >&2; i=$((i+1)); done
`);
    expect(result.log('lines')[1]).toBe(Array.from({ length: 100_000 }, (_, i) => `line ${i} of many\n`).join(''));
    expect(result.log('errors')[2]).toBe(Array.from({ length: 20_000 }, (_, i) => `error ${i}\n`).join(''));
  });

  it('is passed on byte for byte: binary, without a newline at the end, in very long lines', async () => {
    using result = await build(`FROM busybox
RUN : binary; i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done
RUN : open; printf 'no newline'
RUN : long; head -c 3000000 /dev/zero | tr '\\0' x
RUN : nothing; true
`);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(result.log('binary')[1]).toBe(bytes.toString());
    expect(result.log('open')[1]).toBe('no newline');
    expect(result.log('long')[1]).toBe('x'.repeat(3_000_000));
  });

  it('is shown line by line by --progress=plain, letters and long lines whole', async () => {
    using environment = testEnvironment({ mirror });
    const letters = 'äöü€😀'.repeat(20_000);
    environment.write({
      Dockerfile: `FROM busybox\nCOPY letters /\nRUN cat /letters; printf end\n`,
      letters: `${letters}\n`,
    });
    const { stderr } = await environment.polyarch(['build', '--progress=plain', '-o', 'type=cacheonly', '.']);
    const shown = stderr
      .split('\n')
      .filter((line) => /^#\d+ \d+\.\d{3} /.test(line))
      .map((line) => line.replace(/^#\d+ \d+\.\d{3} /, ''));
    expect(shown.join('')).toBe(`${letters}end`);
  });
});

describe('the end of a step', () => {
  it.each([
    ['exit 1', 1],
    ['exit 42', 42],
    ['exit 255', 255],
    ['sh -c "kill -9 \\$\\$"; exit $?', 137],
    ['kill -TERM $$; sleep 1; exit 3', 3],
    ['sh -c "kill -SEGV \\$\\$"; exit $?', 139],
    ['nothing-of-that-name', 127],
    ['/etc', 126],
  ])('%s is exit code %i of the step, 1 of the build', async (command, code) => {
    using result = await build(`FROM busybox\nRUN ${command}\n`, { fails: true });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`exit code: ${code}`);
    expect(result.stderr).toContain('[STEP_FAILED]');
  });

  it.each([
    ['["/no/such/program"]', 'COMMAND_NOT_FOUND'],
    ['["/etc/passwd"]', 'COMMAND_DENIED'],
  ])('RUN %s is %s', async (args, code) => {
    using result = await build(`FROM busybox\nRUN ${args}\n`, { fails: true });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`[${code}]`);
  });

  it('ends what the step left in the background, without waiting for it', async () => {
    const started = Date.now();
    using result = await build(`FROM busybox
RUN : left; sleep 987654 & (setsid sleep 987655 &) ; nohup sleep 987656 >/dev/null 2>&1 & echo up
RUN : later; ps | grep -c '[s]leep 9876' || true
`);
    expect(result.log('left')[1]).toContain('up');
    expect(result.log('later')[1]).toBe('0\n');
    expect(Date.now() - started).toBeLessThan(20_000);
    await expectNothingLeft(result.environment, { words: ['98765'] });
  });
});

describe('a layer', () => {
  it('has what the step changed and nothing else', async () => {
    using result = await build(
      `FROM busybox
RUN mkdir -p /keep/sub /keep/other && echo a > /keep/a && echo b > /keep/sub/b && chmod 700 /keep/other
RUN true
RUN echo x > /tmp/x && rm /tmp/x && echo y > /keep/sub/y && rm /keep/sub/y && cat /etc/hosts /etc/resolv.conf >/dev/null
RUN --mount=type=cache,target=/var/cache/deep/one --mount=type=tmpfs,target=/scratch --mount=type=secret,id=none,target=/run/secrets/none touch /scratch/x /var/cache/deep/one/y
RUN rm -r /keep/sub && mkdir /keep/sub && echo new > /keep/sub/new
RUN chmod 711 /keep/other
RUN rm -r /keep && mkdir -p /fresh/folder
WORKDIR /made/for/it
RUN true
`,
      { args: ['-o', 'type=oci,dest=out,tar=false'] },
    );
    const [, ...layers] = layerNames(join(result.environment.folder, 'out'));
    expect(layers).toEqual([
      ['keep/', 'keep/a', 'keep/other/', 'keep/sub/', 'keep/sub/b'],
      [],
      [],
      [],
      ['keep/', 'keep/sub/', 'keep/sub/.wh..wh..opq', 'keep/sub/new'],
      ['keep/', 'keep/other/'],
      ['fresh/', 'fresh/folder/', '.wh.keep'],
      ['made/', 'made/for/', 'made/for/it/'],
      [],
    ]);
  });

  it('keeps a file over which a network file was mounted', async () => {
    using result = await build(
      `FROM busybox
COPY context/file /etc/hosts
RUN : seen; grep -c localhost /etc/hosts; (echo x > /etc/hosts) 2>/dev/null; rm -f /etc/hosts 2>/dev/null; true
`,
      { args: ['-o', 'out'] },
    );
    expect(result.log('seen')[1]).not.toBe('0\n');
    expect(readFileSync(join(result.environment.folder, 'out/etc/hosts'), 'utf8')).toBe('from the context\n');
    expect(existsSync(join(result.environment.folder, 'out/etc/resolv.conf'))).toBe(false);
  });
});
