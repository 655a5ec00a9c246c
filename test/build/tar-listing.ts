/** What a plain tar holds: name → type letter, mode, text. Enough of ustar and pax for the tests' own files. */
export interface TarFile {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly link: string;
  readonly text: string;
}

export function listTar(bytes: Buffer): Map<string, TarFile> {
  const files = new Map<string, TarFile>();
  const field = (at: number, length: number): string => bytes.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const number = (at: number, length: number): number => Number.parseInt(field(at, length).trim() || '0', 8);
  let pax: Record<string, string> = {};
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const size = Number(pax['size'] ?? number(at + 124, 12));
    const type = String.fromCharCode(bytes[at + 156] ?? 0);
    const body = bytes.subarray(at + 512, at + 512 + size);
    if (type === 'x') {
      pax = Object.fromEntries(
        [...body.toString().matchAll(/\d+ ([^=]+)=(.*)\n/g)].map(([, key = '', value = '']) => [key, value]),
      );
    } else {
      const prefix = field(at + 345, 155);
      const name = pax['path'] ?? (prefix === '' ? field(at, 100) : `${prefix}/${field(at, 100)}`);
      files.set(name.replace(/\/$/, ''), {
        type,
        mode: number(at + 100, 8),
        uid: number(at + 108, 8),
        gid: number(at + 116, 8),
        mtime: Math.floor(Number(pax['mtime'] ?? number(at + 136, 12))),
        link: pax['linkpath'] ?? field(at + 157, 100),
        text: body.toString(),
      });
      pax = {};
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
