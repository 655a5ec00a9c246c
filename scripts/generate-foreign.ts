import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOREIGN_LIBRARY } from '../src/accel/foreign/library.ts';
import { toolchain } from './generate-dispatcher.ts';

/*
 * Compiles src/accel/foreign/foreign.c into code.ts there. Run, on Debian 12 with gcc and libc6-dev for x86-64:
 * npm run generate:foreign
 */

const FOLDER = join(import.meta.dirname, '../src/accel/foreign');

const FLAGS = [
  '-std=gnu17',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-fno-stack-protector',
  '-fcf-protection=none',
  '-fno-asynchronous-unwind-tables',
  '-fno-ident',
  '-U_FORTIFY_SOURCE',
  '-shared',
  '-nostartfiles',
  `-Wl,--build-id=none,--hash-style=gnu,-s,-soname,${FOREIGN_LIBRARY},-z,noexecstack,-z,noseparate-code,-z,norelro`,
];

/** The library's file. */
export function compileForeign(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-foreign-'));
  try {
    const library = join(folder, FOREIGN_LIBRARY);
    execFileSync('x86_64-linux-gnu-gcc-12', [...FLAGS, '-o', library, 'foreign.c'], { cwd: FOLDER });
    return readFileSync(library);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function generate(): string {
  const made = toolchain('amd64');
  if (made === undefined) throw new Error('no compiler: apt-get install gcc-12 libc6-dev');
  return `// Made by npm run generate:foreign of the source beside it.

export const FOREIGN_CODE = {
  /** What compiled it. */
  toolchain: '${made}',
  /** In base64. */
  code: '${compileForeign().toString('base64')}',
};
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(FOLDER, 'code.ts'), generate());
