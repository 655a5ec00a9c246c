import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BusyboxPack } from './busybox-pack.ts';

/* What the dispatcher must do with go commands; see dispatcher-rules.ts. */

export type GoCommandCase = readonly [environment: string, line: string, output: string | undefined];

/** The environment and the arguments of a go command, which prints those of its variables that are named; undefined where it is emulated. */
export const COMMANDS: readonly GoCommandCase[] = [
  ['CGO_ENABLED=0', 'command GOARCH GOARM GOROOT CGO_ENABLED', 'arm64 6 /command 0'],
  ['CGO_ENABLED=1 GOARCH=amd64 GOARM=7 GOROOT=/x', 'command GOARCH GOARM GOROOT', 'amd64 7 /x'],
  ['CGO_ENABLED=0 GOARCHITECTURE=x', 'command GOARCH', 'arm64'],
  ['', 'command GOARCH CGO_ENABLED', 'arm64 0'],
  ['PATH=/nowhere:/compilers', 'command CGO_ENABLED', '1'],
  ['CC=clang', 'command CGO_ENABLED', '1'],
  ['CC=', 'command CGO_ENABLED', '0'],
  ['PATH=/folder:/plain-file', 'command CGO_ENABLED', '0'],
  ['PATH=compilers:/compilers', 'command CGO_ENABLED', '0'],
  ['PATH=', 'command CGO_ENABLED', '0'],
  [`PATH=/compilers:${'x'.repeat(1100)}`, 'command CGO_ENABLED', '1'],
  [`PATH=${'x'.repeat(1100)}:/compilers`, 'command CGO_ENABLED', undefined],
  ['', 'command mod', ''],
  ['CGO_ENABLED=', 'command GOARCH', undefined],
  ['CGO_ENABLED=2', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOARCH=', 'command GOROOT', undefined],
  ['CGO_ENABLED=0 GOARM=', 'command GOROOT', undefined],
  ['CGO_ENABLED=0 GOROOT=', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOFLAGS=-mod=mod', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 GOFLAGS=-x,-toolexec=env', 'command GOARCH', undefined],
  ['CGO_ENABLED=0', 'command GOARCH -toolexec env', undefined],
  ['CGO_ENABLED=0', 'command GOARCH --toolexec=env', undefined],
  ['CGO_ENABLED=0', 'command GOARCH -race', undefined],
  ['CGO_ENABLED=0 GOFLAGS=-msan', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 GOTOOLCHAIN=auto', 'command GOARCH', undefined],
  ['CGO_ENABLED=0', 'local GOROOT', undefined],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local', 'local GOROOT', '/local'],
  ['CGO_ENABLED=0 GOTOOLCHAIN=local+auto', 'local GOROOT', undefined],
  ['CGO_ENABLED=0 GOENV=/x', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 GOENV=off HOME=/settings', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 HOME=/settings', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 HOME=', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0 HOME=/x XDG_CONFIG_HOME=/settings/.config', 'command GOARCH', undefined],
  ['CGO_ENABLED=0 HOME=/settings XDG_CONFIG_HOME=/x', 'command GOARCH', 'arm64'],
  ['CGO_ENABLED=0', 'linked GOROOT', '/command'],
];

export function prepareGoCommands({ rootfs }: BusyboxPack): void {
  mkdirSync(join(rootfs, 'settings/.config/go'), { recursive: true });
  writeFileSync(join(rootfs, 'settings/.config/go/env'), '');
  symlinkSync('../command/bin/go', join(rootfs, 'bin/linked'));
  for (const [place, mode] of [
    ['folder/gcc/x', 0o755],
    ['plain-file/gcc', 0o644],
    ['compilers/gcc', 0o755],
  ] as const) {
    mkdirSync(dirname(join(rootfs, place)), { recursive: true });
    writeFileSync(join(rootfs, place), '', { mode });
  }
}

export function goCommandsScript(): string {
  const count = 'wc -c < /dev/.accel/ran';
  const calls = COMMANDS.map(([environment, line]) => {
    const [name = '', ...words] = line.split(' ');
    const path = name === 'linked' ? '/bin/linked' : `/${name}/bin/go`;
    const asked = words.filter((word) => /^[A-Z]/.test(word)).map((word) => `$${word}`);
    const first = asked.length === 0 ? '' : `-c 'echo ${asked.join(' ')}'`;
    const call = `cd /; export ${environment} X=; exec -a sh ${path} ${first} ${words.slice(asked.length).join(' ')}`;
    return `${count}; echo $(${call} 2>/dev/null </dev/null); ${count}`;
  });
  return calls.join('\n');
}

export function readGoCommands(output: string): readonly GoCommandCase[] {
  const printed = output.split('\n');
  return COMMANDS.map(([environment, line], index) => {
    const [before, text, after] = printed.slice(index * 3);
    return [environment, line, Number(after) > Number(before) ? text : undefined];
  });
}
