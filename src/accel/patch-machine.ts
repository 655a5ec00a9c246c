import type { DebianArchitecture, MachineTraits } from '../emulation/pairs.ts';
import { elfHeader, type ElfSegment } from '../util/elf-header.ts';
import { addressesOf, append, dynamicEntries, segmentsOf, WRITABLE, X86_64 } from './elf-texts.ts';
import { FOREIGN_LIBRARY } from './foreign/library.ts';
import { needInstead } from './need-instead.ts';
import type { PatchContext } from './patch-elf.ts';
import { type Change, codeUses } from './x86-code.ts';

const DT_RELA = 7;
const DT_RELASZ = 8;
/** A relocation of Elf64_Rela's size of which the addend is an address in the program. */
const RELATIVE = 8n;
const RELA = 24;

/**
 * Makes an x86-64 program take itself for the foreign one: what it knows of its machine (`traits`) becomes what `program`,
 * the foreign package's own, says. Names there are longer, so they are written behind the read-only data, into
 * the rest of its last page, and every use of the native name is led to them.
 *
 * Undefined where anything is not as it is known: a name that is not there once, a use of another kind or count, no room.
 */
export function patchMachine(
  file: Buffer,
  { program, traits, foreign, native }: PatchContext & { readonly program: Buffer; readonly traits: MachineTraits },
): Buffer | undefined {
  const header = elfHeader(file);
  if (header === undefined || header.machine !== X86_64) return undefined;
  const patched = Buffer.from(file);
  for (const forms of traits.signs) if (!withoutSign(patched, forms)) return undefined;
  const known: string[] = [];
  for (const [template, uses] of Object.entries(traits.names)) {
    const [from, to] = [nameIn(file, template, native), nameIn(program, template, foreign)];
    if (from === undefined || to === undefined) return undefined;
    known.push(from);
    if (from !== to && !redirect(patched, { from, to, uses })) return undefined;
  }
  if (traits.library === true && !needInstead(patched, FOREIGN_LIBRARY)) return undefined;
  // A name of the machine that nothing above changed would be told.
  return cpuWords(file, native).every((word) => known.includes(word)) ? patched : undefined;
}

/** movsb… and movzb…, behind a REX prefix. */
const [SIGNED, UNSIGNED] = [Buffer.from('0fbe', 'hex'), Buffer.from('0fb6', 'hex')];

/** Takes the sign of characters away in code that is there in one of its forms, as often as known; false when it is not. */
function withoutSign(file: Buffer, forms: MachineTraits['signs'][number]): boolean {
  const found = Object.entries(forms).flatMap(([hex, times]) => {
    const code = Buffer.from(hex, 'hex');
    const places: number[] = [];
    for (let at = file.indexOf(code); at >= 0; at = file.indexOf(code, at + 1)) places.push(at);
    return places.length === 0 ? [] : [{ code, places, times }];
  });
  const [one] = found;
  if (one === undefined || found.length > 1 || one.places.length !== one.times) return false;
  for (const place of one.places) {
    for (let at = one.code.indexOf(SIGNED); at >= 0; at = one.code.indexOf(SIGNED, at + 1))
      UNSIGNED.copy(file, place + at);
  }
  return true;
}

/** Of such characters are the machine's names. */
const WORD = '[\\w./-]';

const escaped = (text: string) => text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');

/** The one text of a program that a template means; `*` is a vendor, as config.sub has them. */
function nameIn(program: Buffer, template: string, { gnu }: DebianArchitecture): string | undefined {
  const [cpu, system] = split(gnu);
  const filled = { cpu, system, gnu };
  const parts = template.split(/(\{\w+\}|\*)/).map((part) => {
    const key = /^\{(cpu|system|gnu)\}$/.exec(part)?.[1] as keyof typeof filled | undefined; // one of them, by the pattern
    return key === undefined ? (part === '*' ? '[a-z]+' : escaped(part)) : escaped(filled[key]);
  });
  // A system's name may be the end of a longer text, and share its bytes.
  const start = template === '{system}' ? '' : `(?<!${WORD})`;
  const found = program.toString('latin1').matchAll(new RegExp(`${start}(${parts.join('')})\\0`, 'g'));
  const names = new Set([...found].map(([, name = '']) => name));
  const [name] = names;
  return names.size === 1 ? name : undefined;
}

/** `x86_64-linux-gnu` without and behind its first hyphen. */
function split(gnu: string): readonly [cpu: string, system: string] {
  const at = gnu.indexOf('-');
  return [gnu.slice(0, at), gnu.slice(at + 1)];
}

/** All texts of a program that have the processor's name in them. */
function cpuWords(program: Buffer, { gnu }: DebianArchitecture): readonly string[] {
  const [cpu] = split(gnu);
  const found = program.toString('latin1').matchAll(new RegExp(`${WORD}*${escaped(cpu)}${WORD}*`, 'g'));
  return [...found].map(([word]) => word);
}

/** Leads all uses of a text to another one; false when they are not as many, or of another kind. */
function redirect(
  file: Buffer,
  { from, to, uses }: { readonly from: string; readonly to: string; readonly uses: number },
): boolean {
  const segments = segmentsOf(file);
  const target = append(file, `${to}\0`, segments);
  const places = addressesOf(file, `${from}\0`, segments);
  if (target === undefined || places.size === 0) return false;
  const code = [...codeUses(file, places, segments)].map(({ lead }) => lead);
  const changes = [...code, ...relocations(file, places, segments)];
  if (changes.length !== uses || changes.includes(undefined)) return false;
  for (const change of changes) change?.(target);
  return true;
}

/** Relocations of pointers to those addresses; undefined for a pointer that has none. */
function* relocations(
  file: Buffer,
  places: ReadonlySet<number>,
  segments: readonly ElfSegment[],
): Generator<Change | undefined> {
  const entries = dynamicEntries(file);
  const entry = (tag: number): number => entries.find((one) => one.tag === tag)?.value ?? 0;
  const moved = new Set<number>();
  const table = segments.find(({ address, size }) => entry(DT_RELA) >= address && entry(DT_RELA) < address + size);
  const first = table === undefined ? 0 : entry(DT_RELA) - table.address + table.offset;
  const end = table === undefined ? 0 : first + entry(DT_RELASZ);
  for (let at = first; at < end; at += RELA) {
    if (!places.has(Number(file.readBigInt64LE(at + 16)))) continue;
    moved.add(Number(file.readBigUInt64LE(at)));
    const relative = file.readBigUInt64LE(at + 8) === RELATIVE;
    yield relative ? (target) => file.writeBigInt64LE(BigInt(target), at + 16) : undefined;
  }
  for (const { offset, address, size } of segments.filter(({ flags }) => (flags & WRITABLE) !== 0)) {
    for (let at = offset + ((8 - (address % 8)) % 8); at + 8 <= offset + size; at += 8) {
      const pointer = Number(file.readBigUInt64LE(at));
      if (places.has(pointer) && !moved.has(at - offset + address)) yield undefined;
    }
  }
}
