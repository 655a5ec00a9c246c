import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixtureRegistry, run, testEnvironment } from '../support/environment.ts';
import { registryMissing, startRegistry } from '../support/registry.ts';
import { expectNothingLeft } from './machine.ts';
import { skip } from '../support/environment.ts';

/* A build that fails: quick, told once, and nothing of it anywhere. */

let mirror = '';
beforeAll(async () => {
  mirror = await fixtureRegistry('busybox');
}, 60_000);

const FAILING = `FROM busybox
ARG TARGETARCH
RUN if [ $TARGETARCH = amd64 ]; then sleep 0.5; echo "this is why" >&2; exit 3; fi; sleep 33333
`;
const PLATFORMS = '--platform=linux/amd64,linux/arm64,linux/arm/v7';

describe('a step that fails on one platform', () => {
  it('ends the others at once, with exit status 1, its place and its last words', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: FAILING });
    const started = Date.now();
    const { code, stdout, stderr } = await environment.polyarch(['build', PLATFORMS, '-t', 'app', '.'], {
      allowFailure: true,
    });
    expect(Date.now() - started).toBeLessThan(8000);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    const said = stderr.slice(stderr.indexOf('------'));
    expect(said).toContain('this is why');
    expect(said).toContain('Dockerfile:3');
    expect(said).toMatch(/ERROR: .*exit code: 3 \(for linux\/amd64\) \[STEP_FAILED\]/);
    expect(stderr.match(/^ERROR: /gm)).toHaveLength(1);
    expect(stderr).not.toContain('internal error');
    await expectNothingLeft(environment, { words: ['33333'] });
    const { stdout: images } = await environment.polyarch(['images', '-q']);
    expect(images).toBe('');
  });

  it('pushes nothing and moves no tag', async (context) => {
    const missing = registryMissing();
    if (missing !== undefined) skip(context, missing);
    await using registry = await startRegistry();
    using environment = testEnvironment({ mirror });
    const name = `${registry.host}/app:1`;
    const digest = async () =>
      (
        await fetch(`http://${registry.host}/v2/app/manifests/1`, {
          method: 'HEAD',
          headers: { accept: 'application/vnd.oci.image.index.v1+json' },
        })
      ).headers.get('docker-content-digest');
    environment.write({ Dockerfile: 'FROM busybox\nRUN echo first\n' });
    await environment.polyarch(['build', PLATFORMS, '-t', name, '--push', '.']);
    await environment.polyarch(['build', PLATFORMS, '-t', name, '.']);
    const before = await digest();
    const { stdout: kept } = await environment.polyarch(['images', '-q', '--no-trunc']);
    expect(before).toMatch(/^sha256:/);
    const stored = () => readdirSync(registry.root, { recursive: true, encoding: 'utf8' }).toSorted();
    const files = stored();
    environment.write({ Dockerfile: FAILING });
    for (const output of [['--push'], ['--load'], []]) {
      const { code } = await environment.polyarch(['build', PLATFORMS, '-t', name, ...output, '.'], {
        allowFailure: true,
      });
      expect(code).toBe(1);
    }
    expect(await digest()).toBe(before);
    expect(stored()).toEqual(files);
    expect((await environment.polyarch(['images', '-q', '--no-trunc'])).stdout).toBe(kept);
  });

  it('keeps the files of an earlier build', async () => {
    using environment = testEnvironment({ mirror });
    environment.write({
      Dockerfile: FAILING,
      'out/old': 'old',
      'image.tar': 'old',
      'files.tar': 'old',
      'meta.json': 'old',
      iid: 'old',
    });
    const outputs = [
      'type=local,dest=out',
      'type=oci,dest=image.tar',
      'type=tar,dest=files.tar',
      'type=oci,dest=layout,tar=false',
    ];
    const { code } = await environment.polyarch(
      [
        'build',
        PLATFORMS,
        ...outputs.flatMap((output) => ['-o', output]),
        '--metadata-file=meta.json',
        '--iidfile=iid',
        '.',
      ],
      { allowFailure: true },
    );
    expect(code).toBe(1);
    const text = (name: string) => readFileSync(join(environment.folder, name), 'utf8');
    for (const name of ['out/old', 'image.tar', 'files.tar', 'meta.json', 'iid']) expect(text(name), name).toBe('old');
    expect(readdirSync(environment.folder).toSorted()).toEqual([
      'Dockerfile',
      'files.tar',
      'iid',
      'image.tar',
      'meta.json',
      'out',
    ]);
    expect(existsSync(join(environment.folder, 'layout'))).toBe(false);
  });
});

describe('an output that fails', () => {
  it.each([
    ['type=oci,dest=full/image.tar', 'full/image.tar'],
    ['type=docker,dest=full/image.tar', 'full/image.tar'],
    ['type=tar,dest=full/files.tar', 'full/files.tar'],
    ['type=local,dest=full/out', 'full/out'],
    ['type=oci,dest=full/layout,tar=false', 'full/layout'],
  ])('%s on a full disk keeps the earlier file and tells the place', async (output, place) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\nRUN head -c 3000000 /dev/urandom > /random\n', 'full/': '' });
    const folder = join(environment.folder, 'full');
    // The disk is full in a mount namespace of the command's own.
    const script = `mount -t tmpfs -o size=1m tmpfs ${folder}; echo old > ${folder}/image.tar; echo old > ${folder}/files.tar; "$@" 2>$0; echo $?; cd ${folder}; cat image.tar files.tar; ls -A | sort`;
    const said = join(environment.folder, 'said');
    writeFileSync(said, '');
    const program = join(import.meta.dirname, '../../bin/polyarch');
    const { stdout } = await run(
      [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        said,
        program,
        'build',
        '--progress=none',
        '-o',
        output,
        '.',
      ],
      { cwd: environment.folder, env: { ...environment.env } },
    );
    const stderr = readFileSync(said, 'utf8');
    const [code, ...rest] = stdout.trim().split('\n');
    expect(code, stderr).toBe('1');
    expect(stderr).toContain('[NO_SPACE]');
    expect(stderr).toContain(place);
    expect(rest.slice(0, 4)).toEqual(['old', 'old', 'files.tar', 'image.tar']);
    if (!output.includes('local') && !output.includes('tar=false')) expect(rest.slice(4)).toEqual([]);
  });

  it.each([
    'type=oci,dest=file/below/x.tar',
    'type=tar,dest=out',
    'type=local,dest=file',
    'type=local,dest=file/below',
  ])('%s that cannot be written is a coded error', async (output) => {
    using environment = testEnvironment({ mirror });
    environment.write({ Dockerfile: 'FROM busybox\n', file: 'text', 'out/x': 'x' });
    const { code, stderr } = await environment.polyarch(['build', '-o', output, '.'], { allowFailure: true });
    expect(code).toBe(1);
    expect(stderr).not.toContain('internal error');
    expect(stderr).toMatch(/^ERROR: .*(?:file|out).*\[[A-Z_]+\]$/m);
  });
});
