import { describe, expect, test } from 'vitest';
import type { Instruction } from './ast.ts';
import { parseDockerfile, parseTrigger } from './parse.ts';

/** The instructions behind `FROM a`. */
function body(text: string): readonly Instruction[] {
  return parseDockerfile(`FROM a\n${text}`).stages[0]?.instructions ?? [];
}

function only(text: string): Instruction {
  const [instruction] = body(text);
  if (instruction === undefined) throw new Error('no instruction');
  return instruction;
}

describe('lines', () => {
  test.each<[title: string, source: string, lines: [kind: string, start: number, end: number][]]>([
    [
      'one by one',
      'FROM a\nUSER b\n\nUSER c',
      [
        ['user', 2, 2],
        ['user', 4, 4],
      ],
    ],
    [
      'carriage returns',
      'FROM a\r\nRUN b \\\r\n c\r\nUSER d\r\n',
      [
        ['run', 2, 3],
        ['user', 4, 4],
      ],
    ],
    ['a byte order mark', '\uFEFFFROM a\nUSER b', [['user', 2, 2]]],
    [
      'comments and empty lines in a continuation',
      'FROM a\nRUN b \\\n# c\n\n  # d\n e\nUSER f',
      [
        ['run', 2, 6],
        ['user', 7, 7],
      ],
    ],
    ['a continuation at the end', 'FROM a\nRUN b \\', [['run', 2, 2]]],
    [
      'a doubled escape',
      'FROM a\nRUN b \\\\\nUSER c',
      [
        ['run', 2, 2],
        ['user', 3, 3],
      ],
    ],
    [
      'blanks behind the escape',
      'FROM a\nRUN b \\ \t\nc\nUSER d',
      [
        ['run', 2, 3],
        ['user', 4, 4],
      ],
    ],
    [
      'heredocs',
      'FROM a\nRUN <<A <<-B\nA\n\tb\n\tB\nUSER c',
      [
        ['run', 2, 5],
        ['user', 6, 6],
      ],
    ],
    [
      'a heredoc behind a continuation',
      'FROM a\nRUN x \\\n <<A\n# kept\nA\nUSER c',
      [
        ['run', 2, 5],
        ['user', 6, 6],
      ],
    ],
  ])('%s', (_, source, lines) => {
    const instructions = parseDockerfile(source).stages[0]?.instructions ?? [];
    expect(instructions.map(({ kind, location }) => [kind, location.startLine, location.endLine])).toEqual(lines);
  });

  test('an empty line in a continuation is warned of', () => {
    const { warnings } = parseDockerfile('FROM a\nRUN b \\\n\n c', { filename: 'F' });
    expect(warnings).toMatchObject([
      { rule: 'NoEmptyContinuation', location: { file: 'F', startLine: 4, endLine: 4 } },
    ]);
  });

  test('bytes that are not UTF-8 are warned of', () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('FROM a\nUSER '), 0xff]);
    const file = parseDockerfile(bytes);
    expect(file.warnings.map(({ rule }) => rule)).toEqual(['InvalidUtf8']);
  });

  test('two thousand instructions are read in a moment', () => {
    const source = `FROM a\n${'RUN --mount=type=cache,target=/c x \\\n  # note\n  y\nENV A=b C="d e"\n'.repeat(1000)}`;
    const start = process.cpuUsage();
    expect(parseDockerfile(source).stages[0]?.instructions).toHaveLength(2000);
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
  });

  test('a hostile line is read in a moment', () => {
    const run = 200_000;
    const start = process.cpuUsage();
    parseDockerfile(`# syntax=docker/dockerfile${' '.repeat(run)}b\nFROM a\nRUN ${'"'.repeat(run)}<<A`);
    parseDockerfile(`FROM a\nRUN ${'--mount=target=/ '.repeat(run)}x`);
    expect(() => parseDockerfile(`FROM a\n${'ONBUILD '.repeat(run)}`)).toThrow('Chaining ONBUILD');
    expect(() => parseDockerfile(`FROM a\nHEALTHCHECK --interval=${'1'.repeat(run)} CMD a`)).toThrow('duration');
    expect(process.cpuUsage(start).user).toBeLessThan(4_000_000);
  });
});

describe('directives', () => {
  test.each<[source: string, directives: object]>([
    ['FROM a', { escape: '\\' }],
    ['# syntax=docker/dockerfile:1 c\nFROM a', { escape: '\\', syntax: 'docker/dockerfile:1 c' }],
    [
      '#ESCAPE = ` \n# Check=skip=all;error=true\n#syntax=docker.io/docker/dockerfile-upstream\nFROM a',
      { escape: '`', check: 'skip=all;error=true', syntax: 'docker.io/docker/dockerfile-upstream' },
    ],
    ['# a comment\n# escape=`\nFROM a', { escape: '\\' }],
    ['\n# escape=`\nFROM a', { escape: '\\' }],
    ['# other=x\n# escape=`\nFROM a', { escape: '\\' }],
    ['#!/bin/x\n# syntax=docker/dockerfile\nFROM a', { escape: '\\', syntax: 'docker/dockerfile' }],
    ['FROM a\n# syntax=y', { escape: '\\' }],
  ])('%j', (source, directives) => {
    expect(parseDockerfile(source).directives).toEqual(directives);
  });
});

describe('stages', () => {
  test('names, bases, platforms and what stands before them', () => {
    const { metaArgs, stages } = parseDockerfile(
      'ARG V=1 W\n# Build not this one\n# build makes it\nFROM --platform=$P a:$V AS Build\nRUN x\nfrom build\n',
    );
    expect(metaArgs.map(({ args }) => args)).toEqual([[{ key: 'V', value: '1' }, { key: 'W' }]]);
    expect(stages).toMatchObject([
      { name: 'build', baseName: 'a:$V', platform: '$P', comment: 'makes it', instructions: [{ kind: 'run' }] },
      { name: '', baseName: 'build', platform: '', instructions: [] },
    ]);
  });
});

describe('instructions', () => {
  test.each<[text: string, fields: object]>([
    [
      'ENV a=1 b="2 3" c=\\ d',
      {
        pairs: [
          { key: 'a', value: '1', legacy: false },
          { key: 'b', value: '"2 3"', legacy: false },
          { key: 'c', value: '\\ d', legacy: false },
        ],
      },
    ],
    ['LABEL a the  rest', { pairs: [{ key: 'a', value: 'the  rest', legacy: true }] }],
    ['# k what it is\nARG k=v', { args: [{ key: 'k', value: 'v', comment: 'what it is' }] }],
    ['RUN echo "a  b"', { command: { form: 'shell', args: ['echo "a  b"'] }, network: 'default', security: 'sandbox' }],
    ['RUN ["a", "b c"]', { command: { form: 'exec', args: ['a', 'b c'] } }],
    ["RUN ['a']", { command: { form: 'shell', args: ["['a']"] } }],
    [
      'RUN --mount=type=cache,target=/c --mount=from=b,target=/d --network=none x',
      {
        mounts: [
          { raw: 'type=cache,target=/c', from: '' },
          { raw: 'from=b,target=/d', from: 'b' },
        ],
        network: 'none',
      },
    ],
    [
      'RUN --device=v/c=n,required --security=insecure x',
      { devices: [{ name: 'v/c=n', required: true }], security: 'insecure' },
    ],
    ['RUN -- --x', { command: { form: 'shell', args: ['--x'] } }],
    [
      'RUN cat <<A 3<<-"B C"\n$x\nA\n\ty\n\tB C',
      {
        heredocs: [
          { name: 'A', fileDescriptor: 0, expand: true, chomp: false, content: '$x\n' },
          { name: 'B C', fileDescriptor: 3, expand: false, chomp: true, content: '\ty\n' },
        ],
      },
    ],
    ['RUN ["<<A"]', { heredocs: [] }],
    ['RUN echo "<<A" $((1<<2))', { heredocs: [] }],
    [
      'COPY --from=b --chown=1:2 --chmod=755 --link --parents --exclude=*.a --exclude=b x y /z/',
      {
        sources: ['x', 'y'],
        destination: '/z/',
        from: 'b',
        chown: '1:2',
        chmod: '755',
        link: true,
        parents: true,
        exclude: ['*.a', 'b'],
        json: false,
      },
    ],
    ['COPY ["a b", "/c"]', { sources: ['a b'], destination: '/c', json: true }],
    [
      "COPY <<A x <<-'B' /d/\n1\nA\n\t$2\n\tB",
      {
        sources: ['x'],
        inline: [
          { name: 'A', expand: true, content: '1\n' },
          { name: 'B', expand: false, chomp: true, content: '$2\n' },
        ],
      },
    ],
    [
      'ADD --checksum=sha256:a --keep-git-dir --unpack=false a b',
      { checksum: 'sha256:a', keepGitDir: true, unpack: false },
    ],
    ['CMD', { command: { form: 'shell', args: [] } }],
    ['ENTRYPOINT []', { command: { form: 'exec', args: [] } }],
    ['EXPOSE 80 22/tcp $P', { ports: ['$P', '22/tcp', '80'] }],
    [
      'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=2h --start-interval=100ms --retries=3 CMD a b',
      {
        test: ['CMD-SHELL', 'a b'],
        interval: 90e9,
        timeout: 1.5e9,
        startPeriod: 7200e9,
        startInterval: 1e8,
        retries: 3,
      },
    ],
    ['HEALTHCHECK cmd ["a"]', { test: ['CMD', 'a'], interval: 0 }],
    ['HEALTHCHECK none', { test: ['NONE'] }],
    ['MAINTAINER Jo <j@x>', { maintainer: 'Jo <j@x>' }],
    ['SHELL ["a", "-c"]', { shell: ['a', '-c'] }],
    ['STOPSIGNAL $S', { signal: '$S' }],
    ['USER a:b', { user: 'a:b' }],
    ['VOLUME /a /b', { volumes: ['/a', '/b'], json: false }],
    ['WORKDIR a b', { path: 'a b' }],
    ['onbuild  RUN <<A\nx\nA', { trigger: 'RUN <<A\nx\nA' }],
  ])('%s', (text, fields) => {
    expect(only(text)).toMatchObject(fields);
  });

  test('flags that an instruction drops are warned of', () => {
    const { warnings } = parseDockerfile('FROM a\nSTOPSIGNAL --x=1 TERM\nHEALTHCHECK --retries=1 NONE');
    expect(warnings.map(({ rule, location }) => [rule, location.startLine])).toEqual([
      ['IgnoredFlag', 2],
      ['IgnoredFlag', 3],
    ]);
  });

  test('a trigger is read by itself', () => {
    expect(parseTrigger('COPY <<A /x\ny\nA')).toMatchObject({ kind: 'copy', inline: [{ content: 'y\n' }] });
    for (const text of ['', 'FROM a', 'RUN a\nRUN b', 'nonsense'])
      expect(() => parseTrigger(text)).toThrow('ONBUILD:1');
  });
});
