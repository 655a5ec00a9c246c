import type { PatchContext } from './patch-elf.ts';

/**
 * Changes the name of its own architecture that a program of dpkg's or apt's, or a library of apt's, has compiled in, in
 * place; as it is where there is none. Undefined where the foreign name has another length, or what stands there is not known.
 */
export function patchArchitecture(file: Buffer, { foreign, native }: PatchContext): Buffer | undefined {
  const [from, to] = [native.debian, foreign.debian];
  const text = file.toString('latin1');
  const patched = Buffer.from(file);
  const seen = new Set<string>();
  for (const { index } of text.matchAll(new RegExp(from.slice(0, INLINE), 'g'))) {
    const form = formOf(text, { index, name: from });
    if (form === 'another word') continue;
    // One place of each form is what was looked into: a second one may mean something else.
    if (form === undefined || seen.has(form) || to.length !== from.length) return undefined;
    seen.add(form);
    const last = form === 'code' ? restOfCode(text, { index, name: from }) : INLINE;
    patched.write(to.slice(0, INLINE), index, 'latin1');
    patched.write(to.slice(INLINE), index + last, 'latin1');
  }
  return patched;
}

/** Characters that x86-64's `movl $…` stores at once. */
const INLINE = 4;

type Form = 'text' | 'version' | 'code' | 'another word';

/** How the name stands at a place; undefined where it is none of the known ways. */
function formOf(text: string, at: { readonly index: number; readonly name: string }): Form | undefined {
  const { index, name } = at;
  const end = index + name.length;
  if (text.startsWith(name, index)) {
    const [before, after] = [text[index - 1], text[end]];
    if (before === '\0' && after === '\0') return 'text';
    // As in what --version says.
    if (text.slice(index - 2, index) === ' (' && text.slice(end, end + 2) === ')\0') return 'version';
    if (/[\w/-]/.test(`${before ?? ''}${after ?? ''}`)) return 'another word';
  }
  return restOfCode(text, at) > 0 ? 'code' : undefined;
}

/**
 * The distance from the first four characters of a name of five to the fifth, where x86-64 code makes the text on its stack:
 * `movl $"amd6", N(%rsp)` and, a few instructions on, `movb $'4', N+4(%rsp)`. 0 where the code is not so.
 */
function restOfCode(text: string, { index, name }: { readonly index: number; readonly name: string }): number {
  if (name.length !== INLINE + 1 || text.slice(index - 4, index - 1) !== '\xc7\x44\x24') return 0;
  const place = text.charCodeAt(index - 1) + INLINE;
  const store = `\xc6\x44\x24${String.fromCharCode(place)}${name.slice(INLINE)}`;
  const found = text.slice(index, index + 40).indexOf(store);
  return found < 0 ? 0 : found + store.length - 1;
}
