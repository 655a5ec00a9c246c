import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './compilers.ts';
import type { ProofCase } from './case.ts';

/** Then the command is emulated, and its tools run native. */
const emulate = 'GOENV=/nowhere';

const step = readFileSync(join(import.meta.dirname, 'go-command/build.sh'), 'utf8');

/** The go command: its builds, its cache, its messages, its module files. */
export const GO_COMMAND_CASES: readonly ProofCase[] = [
  {
    name: 'go command 1.19',
    base: 'debian:bookworm',
    platforms: ['linux/arm64', 'linux/arm/v7'],
    setup: install('golang-go gcc libc6-dev'),
    step,
    native: ['go', 'compile', 'link', 'asm'],
    emulate,
  },
  {
    name: 'go command 1.24',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    setup: install('golang-go gcc libc6-dev'),
    step,
    native: ['go', 'compile', 'link', 'asm'],
    emulate,
  },
  ...['1.25.4', '1.26.8'].map((go) => ({
    name: `go command ${go}`,
    base: 'debian:trixie-stand-in',
    go,
    platforms: ['linux/arm64'],
    setup: install('gcc libc6-dev'),
    step,
    native: ['go', 'compile', 'link', 'asm'],
    emulate,
  })),
];
