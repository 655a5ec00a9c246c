import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Compiles src/emulation/dispatcher/ for both kinds of host into code.ts there. Run, on Debian 12 with gcc and
 * gcc-aarch64-linux-gnu: npm run generate:dispatcher
 */

const FOLDER = join(import.meta.dirname, '../src/emulation/dispatcher');

export const CODE_FILE = join(FOLDER, 'code.ts');

/** Programs that compile for a host; their versions are part of what makes the same bytes. */
export const TOOLCHAINS = {
  amd64: { prefix: 'x86_64-linux-gnu-', flags: ['-mgeneral-regs-only', '-fcf-protection=none'] },
  arm64: { prefix: 'aarch64-linux-gnu-', flags: ['-mgeneral-regs-only', '-mno-outline-atomics'] },
} as const;

export type DispatcherHost = keyof typeof TOOLCHAINS;

const FLAGS = [
  '-std=gnu17',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-ffreestanding',
  '-fPIE',
  '-fno-builtin',
  '-fno-stack-protector',
  '-fno-strict-aliasing',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-nostdlib',
  '-static',
  '-Wl,--build-id=none,-z,noexecstack,-T,dispatcher.ld',
];

/** The compiler and linker of a host, as they name themselves; undefined where they are not installed. */
export function toolchain(host: DispatcherHost): string | undefined {
  const { prefix } = TOOLCHAINS[host];
  try {
    return ['gcc-12', 'ld'].map((name) => firstLine(`${prefix}${name}`)).join('; ');
  } catch {
    return undefined;
  }
}

function firstLine(program: string): string {
  const text = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text.split('\n')[0] ?? '';
}

/** The dispatcher's code for a host: what is at 0 in its first segment. */
export function compileDispatcher(host: DispatcherHost): Buffer {
  const { prefix, flags } = TOOLCHAINS[host];
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-dispatcher-'));
  try {
    const program = join(folder, 'dispatcher');
    const sources = [`start-${host}.S`, 'dispatcher.c'];
    execFileSync(`${prefix}gcc-12`, [...FLAGS, ...flags, '-o', program, ...sources], { cwd: FOLDER });
    execFileSync(`${prefix}objcopy`, ['-O', 'binary', '-j', '.rx', program, `${program}.bin`]);
    return readFileSync(`${program}.bin`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function generate(): string {
  const hosts = (Object.keys(TOOLCHAINS) as DispatcherHost[]).map((host) => {
    // the keys of the object above
    const made = toolchain(host);
    if (made === undefined) throw new Error(`no compiler for ${host}: apt-get install gcc-12 gcc-12-aarch64-linux-gnu`);
    const code = compileDispatcher(host).toString('base64');
    return `  ${host}: {\n    toolchain: '${made}',\n    code: '${code}',\n  },\n`;
  });
  return `// Made by npm run generate:dispatcher of the sources beside it.

export interface DispatcherCode {
  /** What compiled it. */
  readonly toolchain: string;
  /** In base64. */
  readonly code: string;
}

/** The dispatcher by the host's architecture. */
export const DISPATCHER_CODE: { readonly [host: string]: DispatcherCode | undefined } = {
${hosts.join('')}};
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(CODE_FILE, generate());
