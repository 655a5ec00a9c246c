import { isUtf8 } from 'node:buffer';

/*
 * File names are bytes to Linux and to tar, strings to JavaScript. A byte that is not part of valid UTF-8
 * is kept as the lone surrogate U+DC00 + byte (as PEP 383 does), so every name survives the round trip.
 */

const REPLACEMENT = '\uFFFD';

/** The text of a file name's bytes; never loses any. */
export function decodeText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? decodeEscaped(bytes) : text;
}

/** The bytes of a name made by `decodeText`, or of any ordinary string. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    parts.push(escaped ? Buffer.of(code - 0xdc00) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** A path for `node:fs`: the string itself, or bytes when it holds escaped ones. */
export function fsPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeText(path);
}

function decodeEscaped(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence that starts at `at`; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
