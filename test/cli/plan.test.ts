import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/build/plan.ts';
import { fixtureRegistry, projectFolder, testEnvironment, type TestEnvironment } from '../support/environment.ts';

let environment: TestEnvironment;
beforeAll(async () => {
  environment = testEnvironment({
    mirror: await fixtureRegistry('busybox', 'alpine', 'debian', 'golang', 'golang-cgo'),
  });
});
afterAll(() => environment[Symbol.dispose]());

const PLATFORMS = ['--platform', 'linux/amd64,linux/arm64'];
const example = (name: string) => join(projectFolder, 'examples', name);
const planned = async (...args: string[]): Promise<Plan> => {
  const { stdout } = await environment.polyarch(['plan', ...PLATFORMS, '--format', 'json', ...args]);
  return JSON.parse(stdout) as Plan; // what the command prints
};
/** `5 builder amd64:native`, as an amd64 machine has it. */
const brief = ({ steps }: Plan): string[] =>
  steps.map((step) => `${step.line} ${step.stage} ${step.for.join('+').replaceAll('linux/', '')}: ${step.how}`);

const onAmd64 = process.arch === 'x64';
if (!onAmd64) process.stderr.write('SKIPPED plans of the examples on amd64: this machine is another one\n');

describe.runIf(onAmd64)('the examples on amd64', () => {
  it.each([
    ['hello', ['5 greeting amd64+arm64: shared', '12 stage-1 amd64: native', '12 stage-1 arm64: emulated'], []],
    ['go-cross', ['7 builder amd64: native', '7 builder arm64: cross'], []],
    [
      'go-cgo',
      ['4 builder amd64: native', '4 builder arm64: cross', '9 builder amd64: native', '9 builder arm64: cross'],
      ['RUN apt-get update && apt-get install -y gcc-aarch64-linux-gnu', 'ARG TARGETARCH'],
    ],
    [
      'go-report',
      ['2 builder', '5 builder', '8 stage-1'].flatMap((at) => [`${at} amd64: native`, `${at} arm64: emulated`]),
      [
        'FROM --platform=$BUILDPLATFORM golang:alpine AS builder',
        'ARG TARGETOS TARGETARCH',
        'RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o report .',
      ],
    ],
    ['nginx', ['2 stage-0 amd64: native', '2 stage-0 arm64: emulated'], []],
    ['prebuilt', [], []],
  ])('%s', async (name, steps, rewrite) => {
    const plan = await planned(example(name));
    expect(brief(plan)).toEqual(steps);
    expect(plan.advice.flatMap((one) => one.rewrite)).toEqual(rewrite);
    expect(plan.platforms).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('per-platform, its Dockerfiles and contexts', async () => {
    const words = `words=${join(example('per-platform'), 'words')}/{arch}`;
    const arm = `linux/arm64=${join(example('per-platform'), 'Dockerfile.arm')}`;
    const file = ['-f', join(example('per-platform'), 'Dockerfile'), '-f', arm];
    const { steps } = await planned(...file, '--build-context', words, example('per-platform'));
    expect(steps.map((step) => [basename(step.file), step.for[0], step.how])).toEqual([
      ['Dockerfile', 'linux/amd64', 'native'],
      ['Dockerfile.arm', 'linux/arm64', 'emulated'],
    ]);
  });

  it('nothing of that ran, and no layer was fetched', () => {
    const snapshots = join(environment.home, 'snapshots');
    expect(existsSync(snapshots) ? readdirSync(snapshots) : []).toEqual([]);
    const blobs = join(environment.home, 'content/blobs/sha256');
    const sizes = readdirSync(blobs).map((blob) => statSync(join(blobs, blob)).size);
    expect(Math.max(...sizes)).toBeLessThan(20_000);
  });

  it('says in text why, and the time of a build that was made', async () => {
    environment.write({
      Dockerfile: 'FROM busybox AS b\nRUN sleep 0.2\nFROM --platform=linux/s390x busybox AS far\nRUN true\n',
    });
    const plan = ['plan', '--platform', 'linux/amd64,linux/arm64', '--target', 'b'];
    const before = await environment.polyarch(plan);
    expect(before.stdout).toMatch(
      /^For linux\/amd64, linux\/arm64, on a machine of linux\/amd64:\n\nLINE +STAGE +STEP +FOR +HOW\n/,
    );
    await environment.polyarch(['build', '--platform', 'linux/amd64', '--target', 'b', '-o', 'type=cacheonly', '.']);
    const after = await environment.polyarch(plan);
    expect(after.stdout).toMatch(/^2 +b +RUN sleep 0\.2 +linux\/amd64 +native +\d+(?:\.\d)?s$/m);
    expect(after.stdout).toMatch(/^2 .*emulated +about \d+(?:\.\d)?s \(by its time on linux\/amd64\)$/m);
    expect(after.stdout).toMatch(
      /^emulated: +it runs on linux\/arm64, and this machine is linux\/amd64: by \S*qemu-\S+ \S+$/m,
    );
  });

  it('says where native tools would run, once the base is here', async () => {
    environment.write({
      'system/Dockerfile': 'FROM scratch\nCOPY os-release /usr/lib/\n',
      'system/os-release': 'ID=debian\nVERSION_CODENAME=bookworm\n',
      'tools/Dockerfile': 'FROM base\nCOPY Dockerfile /\nRUN true\n',
    });
    const arm64 = ['--platform', 'linux/arm64'];
    await environment.polyarch(['build', ...arm64, '-o', 'type=oci,dest=base,tar=false', 'system']);
    const tools = [...arm64, '--build-context', 'base=oci-layout://base', 'tools'];
    const how = async (...flags: string[]) => {
      const { stdout } = await environment.polyarch(['plan', '--format', 'json', ...flags, ...tools]);
      return (JSON.parse(stdout) as Plan).steps.map((step) => step.how); // what the command prints
    };
    expect(await how('--accel', 'exact')).toEqual(['emulated']);
    // Its last step fails: there is no shell.
    await environment.polyarch(['build', ...tools], { allowFailure: true });
    expect(await how('--accel', 'exact')).toEqual(['accelerated']);
    expect(await how('--accel', 'off')).toEqual(['emulated']);
  });

  it('says what does not run here, with exit status 1', async () => {
    const result = await environment.polyarch(['plan', '--platform', 'linux/sparc64', '-'], {
      input: 'FROM scratch\nRUN ["/x"]\n',
      allowFailure: true,
    });
    const why = 'impossible:   linux/sparc64 does not run here: no emulator is known';
    expect([result.code, result.stdout]).toEqual([1, expect.stringContaining(why)]);
  });
});
