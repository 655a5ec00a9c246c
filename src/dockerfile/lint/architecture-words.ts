import { normalizeArchitecture } from '../../oci/platform-normal.ts';

/** Names of architectures as they stand in file names. */
const WORDS =
  'amd64 x86_64 x86-64 x64 arm64 aarch64 armhf armel armv5 armv6 armv6l armv7 armv7l i386 i686 ppc64le ppc64el s390x riscv64';
const WORD = new RegExp(`(?<![A-Za-z0-9])(?:${WORDS.split(' ').toReversed().join('|')})(?![A-Za-z0-9])`, 'g');

/** Text that asks which architecture it is for. */
const CHOICE =
  /\b(?:TARGET|BUILD)(?:ARCH|PLATFORM|VARIANT)\b|\buname\b|--print-(?:foreign-)?arch|\$\(arch\)|`arch`|\bHOSTTYPE\b|\bxx-/;

/** The names of architectures in a file name or address. */
export function architectureWords(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

/** Go's name of what a word names: `amd64` for `x86_64`. */
export function architectureOf(word: string): string {
  return normalizeArchitecture(word)[0];
}

/** Whether a command finds out the architecture by itself. */
export function choosesArchitecture(text: string): boolean {
  return CHOICE.test(text);
}

/** `text` with every name of an architecture replaced. */
export function replaceArchitecture(text: string, by: (word: string) => string): string {
  return text.replaceAll(WORD, by);
}
