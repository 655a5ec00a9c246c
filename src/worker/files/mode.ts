import { PolyarchError } from '../../util/error.ts';

/** The twelve permission bits, given those that a file has and whether it is a folder. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

interface Clause {
  /** Some of `ugo`. */
  readonly who: string;
  readonly operator: string;
  readonly permissions: string;
}

/**
 * `chmod`'s symbolic form (POSIX, chmod, "Operands") with an empty umask: `u=rwX,go=rX`, `a+x`, `g=u`, `+t`.
 *
 * @throws PolyarchError MODE_INVALID
 */
export function symbolicMode(text: string): ModeChange {
  const clauses = text.split(',').flatMap((part) => parseClause(part, text));
  return (mode, isDirectory) =>
    clauses.reduce((bits, clause) => applyClause(bits, clause, isDirectory || (mode & 0o111) !== 0), mode);
}

function parseClause(part: string, text: string): Clause[] {
  const [, who = '', actions = ''] = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(part) ?? [];
  if (actions === '') {
    throw new PolyarchError(
      'MODE_INVALID',
      `the mode ${JSON.stringify(text)} is neither octal nor of chmod's symbolic form`,
      {
        hint: 'write it as 0755 or as u=rwX,go=rX',
      },
    );
  }
  const classes = who === '' || who.includes('a') ? 'ugo' : who;
  return [...actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)].map(([, operator = '', permissions = '']) => ({
    who: classes,
    operator,
    permissions,
  }));
}

function applyClause(mode: number, clause: Clause, executable: boolean): number {
  let bits = 0;
  let mask = 0;
  for (const [who, shift, set] of [
    ['u', 6, 0o4000],
    ['g', 3, 0o2000],
    ['o', 0, 0o1000],
  ] as const) {
    if (!clause.who.includes(who)) continue;
    mask |= (7 << shift) | set;
    bits |= classBits(mode, clause.permissions, executable) << shift;
    if (clause.permissions.includes('s') && who !== 'o') bits |= set;
    if (clause.permissions.includes('t') && who === 'o') bits |= set;
  }
  if (clause.operator === '+') return mode | bits;
  if (clause.operator === '-') return mode & ~bits;
  return (mode & ~mask) | bits;
}

function classBits(mode: number, permissions: string, executable: boolean): number {
  const copied = { u: 6, g: 3, o: 0 }[permissions];
  if (copied !== undefined) return (mode >> copied) & 7;
  let bits = 0;
  for (const permission of permissions) {
    if (permission === 'r') bits |= 4;
    else if (permission === 'w') bits |= 2;
    else if (permission === 'x') bits |= 1;
    else if (permission === 'X' && executable) bits |= 1;
  }
  return bits;
}
