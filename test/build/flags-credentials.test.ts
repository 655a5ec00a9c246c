import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixtureRegistry, requireProgram } from '../support/environment.ts';
import { readLayout } from './image-reader.ts';
import { sharedEnvironment, succeed } from './project.ts';

const environment = sharedEnvironment({ Dockerfile: 'FROM busybox\n' });
const at = (...parts: string[]): string => join(environment().folder, ...parts);

/** Builds a Dockerfile of its own; its steps are named after the test, so that none is cached from another. */
function build(steps: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  environment().write({ 'one.Dockerfile': `${steps.startsWith('FROM') ? '' : 'FROM busybox\n'}${steps}\n` });
  return environment().polyarch(['build', '--progress=plain', '-f', 'one.Dockerfile', ...args, '.'], {
    env,
    allowFailure: true,
  });
}

describe('--secret', () => {
  const SECRET = 'correct-horse-battery-staple-4711';

  test('is in no layer, no history, no log, no file of the store', async () => {
    environment().write({ 'token.txt': `${SECRET}\n` });
    const steps = [
      'RUN --mount=type=secret,id=file cat /run/secrets/file | sha256sum > /sum1 && test "$(stat -c %a /run/secrets/file)" = 400',
      'RUN --mount=type=secret,id=variable,env=TOKEN echo "$TOKEN" | sha256sum > /sum2',
      'RUN --mount=type=secret,id=file,target=/etc/deep/token,mode=0440,uid=12,gid=34 stat -c "%a %u %g" /etc/deep/token > /stat',
      'RUN test ! -e /run/secrets/file && ls -A /run /etc',
    ];
    const flags = ['--secret', 'id=file,src=token.txt', '--secret', 'id=variable,env=MY_TOKEN'];
    const output = ['-o', 'type=oci,dest=layout,tar=false', '-o', 'out', '--metadata-file', 'metadata.json'];
    const env = { MY_TOKEN: SECRET, POLYARCH_DEBUG: '1' };
    const { stdout, stderr } = succeed(await build(steps.join('\n'), [...flags, ...output], env));
    expect(stderr).toContain('DONE');
    const sum = execFileSync('sha256sum', [at('token.txt')], { encoding: 'utf8' }).split(' ')[0];
    for (const name of ['sum1', 'sum2']) expect(readFileSync(at('out', name), 'utf8')).toContain(sum);
    expect(readFileSync(at('out/stat'), 'utf8')).toBe('440 12 34\n');
    expect(existsSync(at('out/run/secrets/file'))).toBe(false);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(readFileSync(at('metadata.json'), 'utf8')).not.toContain(SECRET);
    const image = await readLayout(at('layout'));
    for (const one of image.images) {
      expect(JSON.stringify(one.config)).not.toContain(SECRET);
      for (const layer of one.layers) expect(layer.includes(SECRET)).toBe(false);
    }
    // grep: 1 when nothing was found.
    expect(() => execFileSync('grep', ['-rFla', SECRET, environment().home])).toThrow(
      expect.objectContaining({ status: 1 }) as Error,
    );
  });

  test('its value does not count for the cache', async () => {
    const steps = 'RUN --mount=type=secret,id=s test -s /run/secrets/s; cat /proc/sys/kernel/random/uuid > /when';
    const run = async (value: string) => {
      expect((await build(steps, ['--secret', 'id=s,env=S', '-o', 'when'], { S: value })).code).toBe(0);
      return readFileSync(at('when/when'), 'utf8');
    };
    expect(await run('one')).toBe(await run('two'));
  });

  test.each([
    ['id=a,src=a.txt', 'file a\n'],
    ['id=a,source=a.txt', 'file a\n'],
    ['id=a,type=file,src=a.txt', 'file a\n'],
    ['type=env,id=a,env=VALUE', 'from env'],
    ['id=a,env=VALUE', 'from env'],
    ['id=VALUE', 'from env'],
    ['id=a.txt', 'file a\n'],
  ])('%s', async (flag, expected) => {
    environment().write({ 'a.txt': 'file a\n' });
    const id = /id=([^,]+)/.exec(flag)?.[1] ?? '';
    const steps = `RUN --mount=type=secret,id=${id},target=/s cat /s > /copy # ${flag}`;
    succeed(await build(steps, ['--secret', flag, '-o', 'forms'], { VALUE: 'from env' }));
    expect(readFileSync(at('forms/copy'), 'utf8')).toBe(expected);
  });

  test('that is missing: nothing there, or an error when it is required', async () => {
    succeed(await build('RUN --mount=type=secret,id=none test ! -e /run/secrets/none'));
    const required = await build('RUN --mount=type=secret,id=none,required=true true');
    expect([required.code, required.stderr]).toEqual([1, expect.stringMatching(/"none".*--secret id=none/s)]);
    const variable = await build('RUN --mount=type=secret,id=none,env=NONE,required=true true');
    expect([variable.code, variable.stderr]).toEqual([1, expect.stringMatching(/"none"/)]);
    const unreadable = await build('RUN --mount=type=secret,id=gone cat /run/secrets/gone', [
      '--secret',
      'id=gone,src=nowhere.txt',
    ]);
    expect([unreadable.code, unreadable.stderr]).toEqual([1, expect.stringMatching(/gone.*nowhere\.txt/s)]);
  });
});

describe('--ssh', () => {
  /** Asks the agent behind the socket for its keys, by its protocol: the answer's type is 12, the count follows. */
  const LIST = `perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); connect(S,pack_sockaddr_un($ENV{SSH_AUTH_SOCK})) or die $!; syswrite S,pack("NC",1,11); sysread S,$a,9; print join " ",unpack("xxxxC*",$a)' > /answer`;
  // busybox has no client for a socket of a path.
  const DEBIAN = 'FROM debian:bookworm AS asked\n';
  const ANSWER = 'FROM scratch\nCOPY --from=asked /answer /tmp* /';
  beforeAll(() => fixtureRegistry('debian'));
  const keys = (): string => readFileSync(at('out/answer'), 'utf8');

  const makeKey = (name: string): string => {
    const file = at(name);
    if (!existsSync(file)) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    return file;
  };

  test('an agent of the person, by its socket', async (context) => {
    requireProgram(context, 'ssh-agent');
    const socket = at('agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      for (let i = 0; i < 100 && !existsSync(socket); i++) await sleep(20);
      execFileSync('ssh-add', ['-q', makeKey('one')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      for (const flag of ['default', `default=${socket}`]) {
        const steps = `${DEBIAN}RUN --mount=type=ssh ${LIST} # ${flag}\n${ANSWER}`;
        succeed(await build(steps, ['--ssh', flag, '-o', 'out'], { SSH_AUTH_SOCK: socket }));
        expect(keys()).toBe('12 0 0 0 1');
      }
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
  });

  test('key files, under an id, for another user', async (context) => {
    requireProgram(context, 'ssh-agent');
    const flag = `other=${makeKey('one')},${makeKey('two')}`;
    const mount = '--mount=type=ssh,id=other,target=/tmp/agent,uid=1000,gid=1000,mode=0600';
    const steps = `${DEBIAN}RUN touch /answer && chmod 666 /answer\nUSER 1000:1000\nRUN ${mount} test "$SSH_AUTH_SOCK" = /tmp/agent && ${LIST}\n${ANSWER}`;
    succeed(await build(steps, ['--ssh', flag, '-o', 'out']));
    expect(keys()).toBe('12 0 0 0 2');
    expect(existsSync(at('out/agent'))).toBe(false);
  });

  test('that is missing: nothing there, or an error when it is required', async () => {
    expect((await build('RUN --mount=type=ssh test -z "$SSH_AUTH_SOCK" || test ! -S "$SSH_AUTH_SOCK"')).code).toBe(0);
    const required = await build('RUN --mount=type=ssh,required=true true');
    expect([required.code, required.stderr]).toEqual([1, expect.stringMatching(/--ssh default/)]);
  });

  test.each([
    ['default', /SSH_AUTH_SOCK is not set/],
    ['default=nowhere.key', /nowhere\.key/],
  ])('%s without an agent', async (flag, message) => {
    const { code, stderr } = await build('RUN --mount=type=ssh true # missing', ['--ssh', flag], { SSH_AUTH_SOCK: '' });
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});
