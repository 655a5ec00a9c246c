import { FOREIGN_CODE } from './code.ts';

/** The library's name in a pack: programs ask for it instead of libc, and it asks for libc. */
export const FOREIGN_LIBRARY = 'libpolyarch-foreign.so';

/** The library that foreign.c is compiled to, for x86-64. */
export function foreignLibrary(): Buffer {
  return Buffer.from(FOREIGN_CODE.code, 'base64');
}
