import { isRecord } from '../oci/shape.ts';

/** What is kept beside a pack. */
export interface PackRecord {
  readonly id: string;
  /** e.g. `debian bookworm` */
  readonly release: string;
  /** Go's names. */
  readonly foreign: string;
  readonly native: string;
  readonly level: string;
  /** `NAME VERSION` of the foreign packages whose programs run native. */
  readonly packages: readonly string[];
  /** Programs. */
  readonly tools: number;
  /** Why others are emulated. */
  readonly skipped: readonly string[];
  /** `NAME VERSION` of the source package that it was built of; without one it is made of the archive's packages. */
  readonly source?: string;
  /** Milliseconds since 1970. */
  readonly made: number;
}

/** Printable, and of a length that fits a line. */
const TEXT = /^[\x20-\x7e]{1,400}$/;

/** Whether a value, which may be anyone's, is a pack's record. */
export function isPackRecord(value: unknown): value is PackRecord {
  if (!isRecord(value) || typeof value['id'] !== 'string' || !/^[0-9a-f]{64}$/.test(value['id'])) return false;
  const texts = ['release', 'foreign', 'native', 'level'].map((key) => value[key]);
  if (value['source'] !== undefined) texts.push(value['source']);
  const lists = ['packages', 'skipped'].map((key) => value[key]);
  return (
    [...texts, ...lists.flat()].every((text) => typeof text === 'string' && TEXT.test(text)) &&
    lists.every((list) => Array.isArray(list)) &&
    ['tools', 'made'].every((key) => Number.isSafeInteger(value[key]))
  );
}
