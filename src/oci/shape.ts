import { PolyarchError } from '../util/error.ts';
import { isDigest } from './digest.ts';

/*
 * Shapes of JSON documents, checked in place. Hand-written because a cached build reads manifests
 * too, and loading a schema library would be a third of its time.
 */

/** Fails with a ShapeError when the value, which lies at the path `at`, is not so. */
export type Shape = (value: unknown, at: string) => void;

export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export interface DocumentKind {
  /** What it is called in messages, e.g. `manifest sha256:… of type …`. */
  readonly name: string;
  /** Code of the failures. */
  readonly code: string;
  readonly maxBytes: number;
}

/** Bytes → JSON value; fails with the kind's code on anything that is no JSON object, or is too large. */
export function parseObject(bytes: Uint8Array, kind: DocumentKind): Record<string, unknown> {
  if (bytes.length > kind.maxBytes) {
    throw new PolyarchError(kind.code, `${kind.name} has ${bytes.length} bytes; at most ${kind.maxBytes} are read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new PolyarchError(kind.code, `${kind.name} is not JSON: ${excerpt(bytes)}`, { cause: error });
  }
  if (!isRecord(value)) throw new PolyarchError(kind.code, `${kind.name} is not a JSON object: ${excerpt(bytes)}`);
  return value;
}

/** Runs the shape; its failure becomes a coded one that names the document. */
export function checkShape(value: unknown, shape: Shape, kind: DocumentKind): void {
  try {
    shape(value, '');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new PolyarchError(kind.code, `${kind.name} is not valid: ${error.message}`, {
      hint: 'the image was made wrongly; build or push it again with another tool',
    });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const string: Shape = (value, at) => {
  if (typeof value !== 'string') throw wrong(at, 'a string', value);
};

export const boolean: Shape = (value, at) => {
  if (typeof value !== 'boolean') throw wrong(at, 'true or false', value);
};

/** A whole number of at least 0 that a double holds exactly. */
export const size: Shape = (value, at) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw wrong(at, 'a whole number of at least 0', value);
};

export const integer: Shape = (value, at) => {
  if (!Number.isSafeInteger(value)) throw wrong(at, 'a whole number', value);
};

/** A sha256 or sha512 digest. */
export const digest: Shape = (value, at) => {
  if (typeof value !== 'string' || !isDigest(value)) throw wrong(at, 'a sha256 or sha512 digest', value);
};

export function literal(expected: string | number): Shape {
  return (value, at) => {
    if (value !== expected) throw wrong(at, JSON.stringify(expected), value);
  };
}

export function array(item: Shape, maxLength = Number.MAX_SAFE_INTEGER): Shape {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'a list', value);
    if (value.length > maxLength)
      throw new ShapeError(`${at} has ${value.length} items; at most ${maxLength} are read`);
    for (const [index, element] of value.entries()) item(element, `${at}[${index}]`);
  };
}

export function record(item: Shape): Shape {
  return (value, at) => {
    if (!isRecord(value)) throw wrong(at, 'an object', value);
    for (const [key, element] of Object.entries(value)) item(element, join(at, key));
  };
}

/**
 * An object with these fields; unknown ones stay. Go writes empty lists and maps as null: an optional field that is
 * null is taken out of the value, so that it reads as absent.
 */
export function object(
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  return (value, at) => {
    if (!isRecord(value)) throw wrong(at, 'an object', value);
    for (const [key, shape] of Object.entries(required)) {
      if (!Object.hasOwn(value, key)) throw new ShapeError(`${join(at, key)} is missing`);
      shape(value[key], join(at, key));
    }
    for (const [key, shape] of Object.entries(optional)) {
      if (value[key] === null) delete value[key];
      else if (value[key] !== undefined) shape(value[key], join(at, key));
    }
  };
}

/** Sets a list that Go wrote as null, or left out, to the empty list. */
export function emptyListFor(value: Record<string, unknown>, key: string): void {
  value[key] ??= [];
}

function join(at: string, key: string): string {
  if (/^[A-Za-z_][\w.]*$/.test(key)) return at === '' ? key : `${at}.${key}`;
  return `${at}[${JSON.stringify(key.slice(0, 80))}]`;
}

function wrong(at: string, expected: string, found: unknown): ShapeError {
  const text = JSON.stringify(found) ?? typeof found;
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new ShapeError(`${at === '' ? 'the document' : at} should be ${expected}, not ${shown}`);
}

function excerpt(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  const head = new TextDecoder().decode(bytes.subarray(0, 60)).replace(/[^\x20-\x7e]+/g, ' ');
  return `it starts with ${JSON.stringify(head)}`;
}
