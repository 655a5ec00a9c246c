import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import type { BinfmtRecord } from './emulation.ts';

/** The kernel takes registrations of at most 1920 bytes (fs/binfmt_misc.c). */
const MAX_REGISTRATION = 1920;

/** The line written to `register`: `:name:M:offset:magic:mask:interpreter:flags`, with a delimiter none of them has. */
export function registration(record: BinfmtRecord): string {
  const delimiter = [':', '|', ';', ','].find((one) => !record.interpreter.includes(one));
  if (delimiter === undefined) {
    throw new PolyarchError('EMULATOR_PATH', `the emulator's path cannot be registered: ${record.interpreter}`, {
      hint: 'move the emulator to a folder whose name holds only letters, digits, dots, dashes and slashes',
    });
  }
  const fields = [record.name, 'M', '', escape(record.magic), escape(record.mask), record.interpreter, record.flags];
  const line = delimiter + fields.join(delimiter);
  if (line.length > MAX_REGISTRATION) {
    throw new PolyarchError('EMULATOR_PATH', `the emulator's path is too long to register: ${record.interpreter}`, {
      hint: 'move the emulator to a folder with a shorter path',
    });
  }
  return line;
}

/**
 * Registers in the binfmt_misc mounted at `folder`; once, however often it is called. An entry of that name with
 * another interpreter is replaced.
 */
export function register(record: BinfmtRecord, folder: string): void {
  const line = registration(record);
  const entry = `${folder}/${record.name}`;
  if (existsSync(entry)) {
    if (readFileSync(entry, 'utf8').includes(`interpreter ${record.interpreter}\n`)) return;
    writeFileSync(entry, '-1');
  }
  try {
    writeFileSync(`${folder}/register`, line);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    throw new PolyarchError(
      'EMULATOR_REGISTER',
      `the kernel refused to register ${record.interpreter} as ${record.name}: ${messageOf(error)}`,
      { hint: 'check that the file is readable and can be executed', cause: error },
    );
  }
}

function escape(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
