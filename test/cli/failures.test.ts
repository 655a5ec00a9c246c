import { beforeEach, describe, expect, test } from 'vitest';
import { requireProgram } from '../support/environment.ts';
import { startRegistry, registryMissing } from '../support/registry.ts';
import { account, expectFailure, onTerminal, POLYARCH } from './account.ts';

const { environment, cli, out } = account({
  Dockerfile: 'FROM busybox\n',
  'empty/': '',
  'kept.txt': 'x',
  'ignoring/.dockerignore': 'a\n\n!b[\n',
});

/** Everything that a failing command must leave alone. */
let images = '';
beforeEach(async () => {
  images = await out('images', '--format', '{{.Repository}}:{{.Tag}} {{.Digest}}');
});

const DOCKERFILES: Readonly<Record<string, string>> = {
  unknown: 'FROM busybox\nRUNN echo\n',
  mount: 'FROM busybox\nRUN --mount=type=floppy true\n',
  nofrom: 'RUN true\n',
  copy: 'FROM busybox\nCOPY missing.txt /\n',
  near: 'FROM busybox\nCOPY kpet.txt /\n',
  syntax: '# syntax=example.test/front:1\nFROM busybox\n',
  stage: 'FROM busybox AS one\nFROM busybox\nCOPY --from=5 /x /\n',
  failing: 'FROM busybox\nRUN true\nRUN echo to stdout; echo to stderr >&2; exit 7\n',
  user: 'FROM busybox\nUSER nobody-here\nRUN true\n',
  down: 'FROM busybox\nADD http://127.0.0.1:1/x /\n',
  over: 'FROM busybox\nWORKDIR /bin/busybox\n',
  secret: 'FROM busybox\nRUN --mount=type=secret,id=key,required true\n',
  arg: 'FROM busybox:${VERSION:?a version is needed}\n',
};

describe('a failing build: code, object, place, mend; exit status 1; nothing changed', () => {
  test.each<[string, readonly string[], readonly (string | RegExp)[]]>([
    [
      'a platform that there is not',
      ['--platform', 'linux/abacus', '.'],
      ['UNKNOWN_PLATFORM', '"linux/abacus"', 'hint: known are linux/amd64'],
    ],
    [
      'a platform that the base lacks',
      ['--platform', 'linux/mips64le', '.'],
      ['NO_MATCHING_PLATFORM', /busybox.* has no image for linux\/mips64le/, 'hint: it has linux/amd64'],
    ],
    ['no Dockerfile', ['empty'], ['DOCKERFILE_NOT_FOUND', 'empty/Dockerfile', 'hint: name it with -f']],
    ['no such -f', ['-f', 'nope', '.'], ['DOCKERFILE_NOT_FOUND', 'nope']],
    ['no context', ['/not/there'], ['CONTEXT_NOT_FOUND', '/not/there', 'hint: ']],
    [
      'an unknown instruction',
      ['-f', 'unknown', '.'],
      ['DOCKERFILE_UNKNOWN_INSTRUCTION', 'unknown:2', '>>> RUNN echo', 'did you mean RUN?'],
    ],
    ['an unknown mount', ['-f', 'mount', '.'], ['mount:2', 'floppy', '>>> RUN --mount']],
    ['no FROM', ['-f', 'nofrom', '.'], ['nofrom:1', /FROM/]],
    [
      'a missing file',
      ['-f', 'copy', '.'],
      ['COPY_SOURCE_NOT_FOUND', 'missing.txt', 'copy:2', '>>> COPY missing.txt /'],
    ],
    [
      'a file with another name',
      ['-f', 'near', '.'],
      ['COPY_SOURCE_NOT_FOUND', 'near:2', 'did you mean "kept.txt"?', `     |     ${' '.repeat(5)}^^^^^^^^\n`],
    ],
    [
      'another frontend',
      ['-f', 'syntax', '.'],
      ['FRONTEND_UNSUPPORTED', 'syntax:1', 'example.test/front:1', /hint: .*BuildKit drivers/],
    ],
    ['a stage by a number that there is not', ['-f', 'stage', '.'], ['stage:3', '5']],
    ['a missing target', ['--target', 'nope', '.'], ['STAGE_NOT_FOUND', '"nope"', 'hint: ']],
    [
      'a failing step',
      ['-f', 'failing', '.'],
      ['STEP_FAILED', 'failing:3', 'exit code: 7', 'to stdout\nto stderr', '>>> RUN echo'],
    ],
    [
      'a pattern that is none',
      ['-f', 'arg', 'ignoring'],
      ['PATTERN_INVALID', '.dockerignore:3', '>>> !b[\n     |     ^^^'],
    ],
    ['an address that does not answer', ['-f', 'down', '.'], ['HTTP_UNREACHABLE', 'down:2', /^ {5}\| {9}\^{20}$/m]],
    ['a file in the way', ['-f', 'over', '.'], ['NOT_A_DIRECTORY', 'over:2', /^ {5}\| {13}\^{12}$/m]],
    ['a secret that was not given', ['-f', 'secret', '.'], ['SECRET_MISSING', 'secret:2', /^ {5}\| {29}\^{6}$/m]],
    ['a user that there is not', ['-f', 'user', '.'], ['USER_NOT_FOUND', 'nobody-here']],
    ['a name that is none', ['-t', 'Bad Name', '.'], ['INVALID_REFERENCE', 'Bad Name']],
    ['an output that there is not', ['-o', 'type=floppy', '.'], ['INVALID_OUTPUT', 'floppy', 'hint: ']],
    [
      'a secret that is not there',
      ['--secret', 'id=x,src=/not/there', '.'],
      ['SECRET_MISSING', '/not/there', 'hint: '],
    ],
    ['a secret of an unknown kind', ['--secret', 'nonsense=1', '.'], ['INVALID_ARGUMENT', 'nonsense', 'hint: ']],
    ['a network that there is not', ['--network', 'bridge', '.'], ['INVALID_ARGUMENT', 'bridge']],
    ['a progress that there is not', ['--progress', 'loud', '.'], ['INVALID_ARGUMENT', 'loud']],
  ])('%s', async (_name, args, texts) => {
    environment().write(DOCKERFILES);
    const result = await cli('build', '--progress=plain', '-t', 'failed', ...args);
    expectFailure(result, 1, ...texts);
    expect(result.stdout).toBe('');
    expect(await out('images', '--format', '{{.Repository}}:{{.Tag}} {{.Digest}}')).toBe(images);
  });

  test('a registry that is down: for the base, and for the push', async () => {
    const env = { POLYARCH_REGISTRY_MIRRORS: 'docker.io=http://127.0.0.1:1' };
    const base = await environment().polyarch(
      ['build', '--registry-mirror', 'docker.io=http://127.0.0.1:1', '--pull', '.'],
      { env, allowFailure: true },
    );
    expectFailure(base, 1, /127\.0\.0\.1:1: ECONNREFUSED/, /REGISTRY_|CONNECT/);
    expectFailure(
      await cli('build', '-t', '127.0.0.1:1/x', '--push', '.'),
      1,
      'REGISTRY_UNREACHABLE',
      '127.0.0.1:1',
      'hint: ',
    );
  });

  test('a registry that wants another password', async (context) => {
    const missing = registryMissing();
    if (missing !== undefined) context.skip(missing);
    await using registry = await startRegistry({ auth: 'basic' });
    const result = await cli('build', '-t', `${registry.host}/x`, '--push', '.');
    expectFailure(result, 1, registry.host, /UNAUTHORIZED|DENIED/, 'hint: ');
  });

  test('a push without a name', async () => {
    expectFailure(await cli('build', '--push', '.'), 1, 'TAG_REQUIRED', 'hint: ');
  });

  test('quiet builds say only what is wrong', async () => {
    const result = await cli('build', '-q', '-f', 'failing', '.');
    expectFailure(result, 1, 'STEP_FAILED', 'to stderr');
    expect(result.stderr).not.toContain('#1 ');
  });
});

describe('--progress', () => {
  test('tty draws on a terminal, and leaves it as it was after a failure and after Ctrl-C', async (context) => {
    requireProgram(context, 'script');
    environment().write({ slow: 'FROM busybox\nRUN echo working; sleep 20\n' });
    const build = (file: string) => `trap : INT; ${POLYARCH} build --no-cache -f ${file} .; echo status $?; stty -a`;
    const failed = await onTerminal(environment(), build('failing'));
    expect(failed.output).toContain(' => ERROR [3/3] RUN echo to stdout');
    expect(failed.output).toContain('status 1');
    const interrupted = await onTerminal(environment(), build('slow'), [{ when: '=> # working', type: '\x03' }]);
    expect(interrupted.output).toContain(' => CANCELED [2/2] RUN echo working');
    expect(interrupted.output).toContain('status 130');
    for (const { output } of [failed, interrupted]) {
      expect(output).toContain('\x1b[?25l');
      expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
      expect(output).toMatch(/\bisig icanon .* echo /);
    }
  });

  test('tty without a terminal is plain', async () => {
    const { stderr } = await cli('build', '--progress=tty', '--no-cache', '.');
    expect(stderr).toMatch(/^#1 \[/m);
    expect(stderr).not.toContain('\x1b[');
  });
});
