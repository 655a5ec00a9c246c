import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { account } from './account.ts';

/** Nothing listens there. */
const OFFLINE = '127.0.0.1:1/base';

const { environment } = account({
  Dockerfile: 'FROM busybox\nRUN A=b\nCMD echo hi\n',
  good: 'FROM busybox\nRUN true\nCMD ["sh"]\n',
  broken: 'FROM busybox\nCMD x\nCPOY a b\n',
  late: 'FROM busybox\nCMD x\nSTOPSIGNAL ZZ\n',
  strict: '# check=error=true\nFROM busybox\nCMD x\n',
  own: '# check=error=true\nFROM busybox\nRUN A=b\n',
  offline: `FROM ${OFFLINE} AS a\nENV X=$FROM_BASE\nVOLUME $NOT_KNOWN\nCMD x\nFROM a\nENV Y=$X$Z\nFROM busybox\nENV Y=$Z\n`,
  go: 'FROM busybox AS build\nRUN go build -o /app .\nFROM busybox\nCOPY --from=build /app /app\n',
  'Dockerfile.amd64': 'FROM busybox\nCMD one\n',
  'Dockerfile.arm64': 'FROM busybox\nRUN true\nCMD two\n',
  docker:
    '# syntax=docker/dockerfile:1.9-labs@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nFROM scratch\nCOPY good /\n',
  stages: '# base is below\nFROM busybox AS base\nARG A=1\nFROM base\n',
});
const cli = (...args: string[]) => environment().polyarch(['build', ...args], { allowFailure: true });
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('--check', () => {
  it('says what was found, where, and what to write; exit status 1', async () => {
    const { code, stdout, stderr } = await cli('--check', '.');
    expect(stderr).toBe('');
    expect(code).toBe(1);
    expect(stdout).toBe(`Check complete, 2 warnings have been found!

WARNING: RunSetsNothing - docs/lint.md#runsetsnothing
the value of A is gone when this RUN ends
hint: use ENV (or ARG) for variables and WORKDIR for the folder, or put the next command into the same RUN:
    ENV A=b
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> RUN A=b
   3 |     CMD echo hi
--------------------

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
hint: write it as a JSON array; where a shell is wanted, say so with SHELL
Dockerfile:3
--------------------
   1 |     FROM busybox
   2 |     RUN A=b
   3 | >>> CMD echo hi
--------------------
`);
  });

  it('lists what --call can ask for', async () => {
    const { stdout } = await cli('--call=subrequests.describe,format=json', '.');
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(['frontend.outline', 'frontend.targets', 'frontend.lint', 'frontend.subrequests.describe']);
  });

  it('finds nothing: exit status 0', async () => {
    expect(await cli('--check', '-f', 'good', '.')).toMatchObject({
      code: 0,
      stdout: 'Check complete, no warnings found.\n',
    });
  });

  it('reads a Dockerfile from stdin', async () => {
    const { stdout } = await environment().polyarch(['build', '--check', '-'], {
      input: 'FROM busybox\nCMD x\n',
      allowFailure: true,
    });
    expect(stdout).toContain('WARNING: JSONArgsRecommended');
  });

  it('goes on without a base whose registry does not answer, and says so', async () => {
    const { code, stdout, stderr } = await cli('--check', '-f', 'offline', '.');
    expect(code).toBe(1);
    expect(stderr).toContain(`the config of ${OFFLINE} is not known`);
    expect([...stdout.matchAll(/^WARNING: (\w+)/gm)].map(([, rule]) => rule)).toEqual([
      'JSONArgsRecommended',
      'UndefinedVar',
    ]);
    expect(stdout).toContain('offline:8\n');
  });

  it('waits ten seconds for a registry that does not answer, and asks it once', async () => {
    let asked = 0;
    const server = createServer(() => void asked++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server on TCP has a port.
    const { port } = server.address() as AddressInfo;
    const began = Date.now();
    const { code, stderr } = await environment().polyarch(
      ['build', '--check', '--platform', 'linux/amd64,linux/arm64', '-'],
      { input: `FROM 127.0.0.1:${port}/base\nCMD x\n`, allowFailure: true },
    );
    server.close();
    server.closeAllConnections();
    expect(stderr).toContain('no answer within 10 s');
    expect({ code, asked }).toEqual({ code: 1, asked: 1 });
    expect(Date.now() - began).toBeLessThan(18_000);
  });

  it('knows the platforms of the build', async () => {
    expect((await cli('--check', '-f', 'go', '.')).code).toBe(0);
    const { stdout } = await cli('--check', '--platform', 'linux/amd64,linux/s390x', '-f', 'go', '.');
    expect(stdout).toContain('go build runs emulated for linux/s390x;');
    expect(stdout).toContain('    RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .\n');
  });

  it('looks at each platform’s Dockerfile', async () => {
    const platforms = ['--platform', 'linux/amd64,linux/arm64', '-f', 'Dockerfile.{arch}', '.'];
    const { stdout } = await cli('--call=check,format=json', ...platforms);
    expect(json(stdout)).toMatchObject({
      warnings: [
        { ruleName: 'JSONArgsRecommended', location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] } },
        { ruleName: 'JSONArgsRecommended', location: { sourceIndex: 1, ranges: [{ start: { line: 3 } }] } },
      ],
      sources: [{ filename: 'Dockerfile.amd64' }, { filename: 'Dockerfile.arm64' }],
    });
  });

  it.each([
    ['broken', 'DOCKERFILE_UNKNOWN_INSTRUCTION', 3],
    ['late', 'DOCKERFILE_PARSE', 3],
    ['strict', 'DOCKERFILE_LINT', 3],
  ])('of %s is the error of the build', async (file, code, line) => {
    const text = await cli('--check', '-f', file, '.');
    expect(text).toMatchObject({ code: 1, stderr: expect.stringContaining(`[${code}]`) as string });
    const found = await cli('--call=check,format=json,ignorestatus=true', '-f', file, '.');
    expect(found.code).toBe(1);
    const place = { ranges: [{ start: { line }, end: { line } }] };
    expect(json(found.stdout)).toMatchObject({
      buildError: { message: expect.any(String) as string, location: place },
    });
    const [, message = ''] = /ERROR: (.*) \[/.exec((await cli('-f', file, '.')).stderr) ?? [];
    expect(json(found.stdout)['buildError']).toMatchObject({ message });
  });

  it('with ignorestatus has exit status 0', async () => {
    expect((await cli('--call=check,ignorestatus=true', '.')).code).toBe(0);
  });

  it('starts nothing and keeps nothing', async () => {
    await cli('--check', '-t', 'not-made', '-o', 'out', '.');
    const images = await environment().polyarch(['images', '-q']);
    expect(images.stdout).toBe('');
  });
});

describe('a build', () => {
  it('says at its end what was found', async () => {
    const { code, stderr } = await cli('--progress', 'none', '-o', 'type=cacheonly', '.');
    expect(code).toBe(0);
    expect(stderr).toContain(`
 2 warnings found (build --check, or polyarch --debug, shows them in full):
 - RunSetsNothing: the value of A is gone when this RUN ends (line 2)
 - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 3)
`);
  });

  it('says it in full with --debug, and not when it is quiet', async () => {
    const debug = await environment().polyarch(['--debug', 'build', '-o', 'type=cacheonly', '.']);
    expect(debug.stderr).toContain('\n 2 warnings found:\n');
    expect(debug.stderr).toContain('More info: docs/lint.md#runsetsnothing\nDockerfile:2\n');
    expect((await cli('-q', '.')).stderr).toBe('');
  });

  it('takes # syntax= of Docker’s frontend for its own, without a pull, and says so with --debug', async () => {
    const argv = ['--debug', 'build', '--registry-mirror', 'docker.io=http://127.0.0.1:1', '-f', 'docker', '-o'];
    const { stderr } = await environment().polyarch([...argv, 'type=cacheonly', '.']);
    expect(stderr).toMatch(
      /debug dockerfile: # syntax=docker\/dockerfile:1\.9-labs@\S+: this frontend reads it, no image/,
    );
  });

  it('that fails says it too', async () => {
    const { code, stderr } = await cli('-f', 'late', '.');
    expect(code).toBe(1);
    expect(stderr).toContain(' 1 warning found (');
  });

  it('is not failed by this project’s own rules with error=true', async () => {
    expect(await cli('-f', 'own', '-o', 'type=cacheonly', '.')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('RunSetsNothing') as string,
    });
  });
});

describe('--call', () => {
  it('targets and outline, as tables and as JSON', async () => {
    expect((await cli('--call=targets', '-f', 'stages', '.')).stdout).toBe(
      'TARGET      DESCRIPTION\nbase        is below\n(default)\n',
    );
    const targets = await cli('--call=targets,format=json', '-f', 'stages', '.');
    expect(json(targets.stdout)).toEqual({
      targets: [
        {
          name: 'base',
          description: 'is below',
          base: 'busybox',
          location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
        },
        { default: true, base: 'base', location: { ranges: [{ start: { line: 4 }, end: { line: 4 } }] } },
      ],
      sources: [Buffer.from('# base is below\nFROM busybox AS base\nARG A=1\nFROM base\n').toString('base64')],
    });
    const outline = await cli('--call=outline,format=json', '--build-arg', 'A=2', '-f', 'stages', '.');
    expect(json(outline.stdout)).toMatchObject({ args: [{ name: 'A', value: '2', location: {} }] });
  });

  it('refuses a method that there is not', async () => {
    expect(await cli('--call=outlin', '.')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did you mean "outline"? [INVALID_ARGUMENT]') as string,
    });
  });
});
