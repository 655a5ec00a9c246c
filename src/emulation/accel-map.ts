import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_SIZE, type ProgramKey } from './program-key.ts';

/** Where a pack's folder is in a container; read-only, on the container's own /dev, so that it is in no layer. */
export const ACCEL_FOLDER = '/dev/.accel';

/** What the dispatcher looks at before it runs a tool; each may send the program back to QEMU. */
export type AccelRule =
  /** A compiler or its driver: not with -fplugin, a character set other than UTF-8, an option of this machine (`=native`), or when it is asked about itself (-v, -print-…). */
  | 'compiler'
  /** Takes linker plugins (ld, ar, nm, ranlib): a plugin named by `-plugin FILE` needs a record of its own, and its path becomes that one's. */
  | 'linker-plugin'
  /** Python: only for py_compile, compileall and py3compile. */
  | 'python-compile'
  /** A tool of Go's: only when GOARCH is set, as cmd/go does. */
  | 'go-tool'
  /** A program of many names: only under those in the file `TOOL.names` beside the tool, a line each. */
  | 'names'
  /** Alpine's apk: only in a root filesystem with /etc/apk/arch, not for another root, and not when it is asked about itself. */
  | 'apk'
  /** The go command, with the variables in the file `TOOL.environment` beside the tool: not with settings of `go env -w`, -toolexec, -race and its like, or another GOTOOLCHAIN than local. */
  | 'go-command'
  /** And only with GOTOOLCHAIN=local: since 1.21 it may download a toolchain of its own architecture. */
  | 'go-local';

export interface AccelRecord {
  /** The foreign program, or the foreign linker plugin. */
  readonly key: Pick<ProgramKey, 'bytes' | 'content'>;
  /** What runs in its place: a path in the pack's folder, at most 159 bytes, e.g. `bin/dash`. */
  readonly tool: string;
  readonly rules?: readonly AccelRule[];
}

const RULE_BITS: Readonly<Record<AccelRule, number>> = {
  compiler: 1,
  'linker-plugin': 2,
  'python-compile': 4,
  'go-tool': 8,
  names: 16,
  apk: 32,
  'go-command': 64,
  'go-local': 128,
};

const RULES: readonly AccelRule[] = [
  'compiler',
  'linker-plugin',
  'python-compile',
  'go-tool',
  'names',
  'apk',
  'go-command',
  'go-local',
];

/** What the dispatcher reads a list beside a tool into, bytes. */
const MAX_LIST = 16 * 1024 - 1;

/** The map's file in the pack's folder. */
export const MAP_FILE = 'map';
/** The file in the pack's folder over which a step's own file is mounted: the dispatcher appends to it what ran. */
export const RAN_FILE = 'ran';

const RECORD_SIZE = 256;
const MAX_TOOL = RECORD_SIZE - 96 - 1;
const MAX_RECORDS = 0x8000;
const MAGIC = 'polyaccl';
const VERSION = 1;

/**
 * The map of a pack, as `dispatcher/dispatcher.c` reads it. Everything is little-endian. A header of 256 bytes: magic
 * `polyaccl`, version 1 (u32), count (u32). Then records of 256 bytes, sorted by key: key (32), hash of the whole content
 * or zeros (16), rules (u32), zeros to 96, tool with zeros behind it.
 */
export function encodeAccelMap(records: readonly AccelRecord[]): Uint8Array {
  const sorted = records.toSorted((a, b) => Buffer.compare(a.key.bytes, b.key.bytes));
  if (sorted.length > MAX_RECORDS) throw new Error(`a pack of ${sorted.length} programs`);
  const map = new Uint8Array(RECORD_SIZE * (1 + sorted.length));
  const view = new DataView(map.buffer);
  map.set(Buffer.from(MAGIC, 'latin1'));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, sorted.length, true);
  for (const [index, { key, tool, rules = [] }] of sorted.entries()) {
    const name = Buffer.from(tool);
    if (name.length > MAX_TOOL || tool.startsWith('/') || tool === '') throw new Error(`no tool's path: ${tool}`);
    const before = sorted[index - 1];
    if (before !== undefined && Buffer.compare(before.key.bytes, key.bytes) === 0) {
      throw new Error(`two tools for one program: ${before.tool}, ${tool}`);
    }
    const at = RECORD_SIZE * (1 + index);
    map.set(key.bytes, at);
    if (key.content !== undefined) map.set(key.content, at + KEY_SIZE);
    view.setUint32(at + 48, bits(rules), true);
    map.set(name, at + 96);
  }
  return map;
}

/** The records of a map; undefined where it is not just what encodeAccelMap writes. */
export function decodeAccelMap(map: Uint8Array): readonly AccelRecord[] | undefined {
  const count = map.length / RECORD_SIZE - 1;
  if (!Number.isInteger(count) || count < 0 || count > MAX_RECORDS) return undefined;
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const records = Array.from({ length: count }, (_, index): AccelRecord => {
    const at = RECORD_SIZE * (1 + index);
    const content = map.slice(at + KEY_SIZE, at + 48);
    const rules = RULES.filter((rule) => (view.getUint32(at + 48, true) & RULE_BITS[rule]) !== 0);
    const name = Buffer.from(map.subarray(at + 96, at + RECORD_SIZE));
    return {
      key: { bytes: map.slice(at, at + KEY_SIZE), ...(content.some((byte) => byte !== 0) ? { content } : {}) },
      tool: name.toString('utf8', 0, Math.max(0, name.indexOf(0))),
      ...(rules.length === 0 ? {} : { rules }),
    };
  });
  try {
    return Buffer.compare(encodeAccelMap(records), map) === 0 ? records : undefined;
  } catch {
    return undefined;
  }
}

function bits(rules: readonly AccelRule[]): number {
  return rules.reduce((sum, rule) => sum | RULE_BITS[rule], 0);
}

/** Writes a pack's map, and the file that is its mountpoint, into the pack's folder. */
export function writeAccelMap(folder: string, records: readonly AccelRecord[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MAP_FILE), encodeAccelMap(records), { mode: 0o644 });
  writeFileSync(join(folder, RAN_FILE), '', { mode: 0o644 });
}

/** A list of lines that the dispatcher reads beside a tool. */
export interface ToolList {
  /** `names` for the rule of that name, `environment` for `go-command`. */
  readonly kind: 'names' | 'environment';
  readonly lines: readonly string[];
}

/** The place and the text of a tool's list. */
export function listFile(tool: string, { kind, lines }: ToolList): { readonly place: string; readonly text: string } {
  const text = lines.map((line) => `${line}\n`).join('');
  if (text.length > MAX_LIST) throw new Error(`too many ${kind} of ${tool}`);
  return { place: `${tool}.${kind}`, text };
}

/** The tools of a map, in the order of its records, which is how the dispatcher names them in what ran. */
export function accelTools(map: Uint8Array): readonly string[] {
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const count = view.getUint32(12, true);
  return Array.from({ length: count }, (_, index) => {
    const at = RECORD_SIZE * (1 + index) + 96;
    const name = map.subarray(at, at + MAX_TOOL);
    return Buffer.from(name.subarray(0, name.indexOf(0))).toString();
  });
}

/** How often a tool of a pack ran in a step. */
export interface RanNative {
  /** As in the pack's records. */
  readonly tool: string;
  readonly times: number;
}

/**
 * What ran native, by the map and by what the dispatcher appended to the step's `ran` file: the index of the record, two
 * bytes little-endian, for each time, and once more with the highest bit set where the tool could not be executed and QEMU went
 * on. Most often first. A step can write there too: what is no index does not count.
 */
export function countRan(map: Uint8Array, ran: Uint8Array): readonly RanNative[] {
  const tools = accelTools(map);
  const view = new DataView(ran.buffer, ran.byteOffset, ran.byteLength);
  const times = new Map<string, number>();
  for (let at = 0; at + 2 <= ran.length; at += 2) {
    const index = view.getUint16(at, true);
    const tool = tools[index % MAX_RECORDS];
    if (tool !== undefined) times.set(tool, (times.get(tool) ?? 0) + (index < MAX_RECORDS ? 1 : -1));
  }
  return Array.from(times, ([tool, count]) => ({ tool, times: count }))
    .filter((one) => one.times > 0)
    .toSorted((a, b) => b.times - a.times);
}
