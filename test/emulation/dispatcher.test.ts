import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/environment.ts';
import { type Client, startClient, step } from '../executor/client.ts';
import type { Answer } from '../executor/test-worker.ts';
import { type BusyboxPack, makeBusyboxPack } from './busybox-pack.ts';
import {
  MACHINES,
  PRELOAD_FILE,
  UNNOTICED,
  UNPRIVILEGED,
  UNPRIVILEGED_NATIVE,
  UNPRIVILEGED_OUTPUT,
  WRITES,
  machinesOutput,
  prepareUnnoticed,
} from './dispatcher-scenes.ts';

const folder = temporaryFolder();
let client: Client;

beforeAll(async () => {
  client = await startClient(folder.path);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe.each([
  ['arm64', 'arm64', undefined, 'aarch64'],
  ['armhf', 'arm', 'v7', 'armv7l'],
  ['ppc64el', 'ppc64le', undefined, 'ppc64le'],
  ['riscv64', 'riscv64', undefined, 'riscv64'],
  ['s390x', 's390x', undefined, 's390x'],
])('a pack for %s', (debian, architecture, variant, machine) => {
  let busybox: BusyboxPack;
  const platform = { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
  const native = process.arch === 'x64' ? 'x86_64' : 'aarch64';

  beforeAll(async () => {
    busybox = await makeBusyboxPack(folder.path, debian);
    prepareUnnoticed(busybox);
  });

  const run = (
    args: readonly string[],
    options: { readonly accel?: boolean; readonly user?: string } = {},
  ): Promise<Answer> => {
    const { accel = true, ...rest } = options;
    return client.run(
      step({ rootfs: busybox.rootfs, platform, args, ...(accel ? { accel: busybox.pack } : {}), ...rest }),
    );
  };

  test('runs what its map has native, says what, and nothing without it', async () => {
    const answer = await run(['sh', '-c', MACHINES]);
    expect(answer.output).toBe(machinesOutput(native, machine));
    expect(answer.ranNative).toEqual([{ tool: 'bin/busybox', times: 3 }]);
    const plain = await run(['sh', '-c', `${MACHINES}; ls -d /dev/.accel`], { accel: false });
    expect(plain.output).not.toContain(native);
    expect(plain.output).toContain('/dev/.accel: No such file');
    expect(plain.ranNative).toBeUndefined();
  });

  test.each([
    ['as root', UNNOTICED, undefined],
    ['as another user', UNPRIVILEGED, 'nobody'],
  ])('is not noticed %s', async (_name, script, user) => {
    const options = user === undefined ? {} : { user };
    const accelerated = await run(['sh', '-c', script], options);
    const emulated = await run(['sh', '-c', script], { ...options, accel: false });
    expect(accelerated.output).toBe(emulated.output);
    expect(accelerated.output).not.toContain(native);
    const [most] = accelerated.ranNative ?? [];
    expect(most?.tool).toBe('bin/busybox');
    if (user === undefined) expect(most?.times).toBeGreaterThan(5);
    else {
      expect(accelerated.output).toBe(UNPRIVILEGED_OUTPUT);
      expect(most?.times).toBe(UNPRIVILEGED_NATIVE);
    }
  });

  test('respects /etc/ld.so.preload', async () => {
    expect((await run(['sh', '-c', PRELOAD_FILE])).output).toBe(`${machine}\n${native}\n`);
  });

  test('takes no harm from a step that writes into what it can', async () => {
    const answer = await run(['sh', '-c', WRITES]);
    expect(answer.output).toContain('Read-only file system');
    expect(answer.output).toContain(native);
  });
});
