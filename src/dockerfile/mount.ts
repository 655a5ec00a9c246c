import type { Mount, MountFlag, MountType, Sharing } from './ast.ts';
import { parseCsvLine } from './csv.ts';
import { failure } from './failure.ts';
import type { WrongWord } from './mark.ts';
import { parseBool, parseSize, parseUint32 } from './scalars.ts';
import { didYouMean } from './suggest.ts';

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING: readonly Sharing[] = ['shared', 'private', 'locked'];
const OWNED: ReadonlySet<MountType> = new Set(['secret', 'ssh', 'cache']);
const KEYS =
  'type from source target readonly id sharing required size mode uid gid src dst destination ro rw readwrite env'.split(
    ' ',
  );

/** What can be known of a `--mount=` before its variables are. @throws DOCKERFILE_PARSE for a variable in `from`. */
export function parseMountFlag(raw: string): MountFlag {
  let from = '';
  for (const [key, value] of fieldsOf(raw)) {
    if (key !== 'from' || value === undefined) continue;
    const dollar = value.indexOf('$');
    if (dollar >= 0 && dollar !== value.length - 1) {
      throw failure("'from' doesn't support variable expansion, define alias stage instead", {
        word: [`${key}=${value}`, value],
      });
    }
    from = value;
  }
  return { raw, from };
}

type Draft = { -readonly [Key in keyof Mount]: Mount[Key] };

/** The mount of a `--mount=`; `expand` replaces variables in its values. @throws PolyarchError DOCKERFILE_PARSE. */
export function parseMount(raw: string, options: { expand?: (word: string) => string } = {}): Mount {
  const expand = options.expand ?? ((word: string) => word);
  const draft: Draft = {
    type: 'bind',
    from: '',
    source: '',
    target: '',
    readonly: true,
    id: '',
    sharing: '',
    required: false,
    size: 0,
  };
  let readonly: boolean | undefined;
  const fields = fieldsOf(raw);
  for (const [key, written, field] of fields) {
    const value = written === undefined ? undefined : expand(written);
    const access = value === undefined ? bareAccess(key) : accessOf(key, { value, field });
    if (access !== undefined) readonly = access;
    else if (value === undefined) bareField(draft, { key, field });
    else setField(draft, { key, field, value });
  }
  draft.readonly = readonly ?? (draft.type !== 'cache' && draft.type !== 'tmpfs');
  check(draft, (...keys) => fields.findLast(([key]) => keys.includes(key))?.[2] ?? raw);
  return draft;
}

function fieldsOf(raw: string): readonly (readonly [key: string, value: string | undefined, field: string])[] {
  return parseCsvLine(raw).map((field) => {
    const equals = field.indexOf('=');
    const key = field.slice(0, equals < 0 ? undefined : equals).toLowerCase();
    return [key, equals < 0 ? undefined : field.slice(equals + 1), field];
  });
}

function bareAccess(key: string): boolean | undefined {
  if (key === 'readonly' || key === 'ro') return true;
  return key === 'readwrite' || key === 'rw' ? false : undefined;
}

function accessOf(key: string, { value, field }: { value: string; field: string }): boolean | undefined {
  const access = bareAccess(key);
  if (access === undefined) return undefined;
  return needed(parseBool(value), { message: `invalid value for ${key}: ${value}`, word: field }) === access;
}

function bareField(draft: Draft, { key, field }: { key: string; field: string }): void {
  if (key !== 'required') {
    throw failure(`invalid field '${field}' must be a key=value pair${didYouMean(key, KEYS)}`, { word: field });
  }
  requireType(draft, { key, field, types: ['secret', 'ssh'] });
  draft.required = true;
}

function setField(draft: Draft, { key, value, field }: { key: string; value: string; field: string }): void {
  const word = [field, value];
  const invalid = { message: `invalid value for ${key}: ${value}`, word };
  switch (key) {
    case 'type':
      draft.type = oneOf(value, { options: TYPES, message: `unsupported mount type ${JSON.stringify(value)}`, word });
      return;
    case 'from':
      draft.from = value;
      return;
    case 'source':
    case 'src':
      draft.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.target = value;
      return;
    case 'required':
      requireType(draft, { key, field, types: ['secret', 'ssh'] });
      draft.required = needed(parseBool(value), invalid);
      return;
    case 'size':
      requireType(draft, { key, field, types: ['tmpfs'] });
      draft.size = needed(parseSize(value), invalid);
      return;
    case 'id':
      draft.id = value;
      return;
    case 'sharing':
      draft.sharing = oneOf(value, {
        options: SHARING,
        message: `unsupported sharing value ${JSON.stringify(value)}`,
        word,
      });
      return;
    case 'mode':
      draft.mode = needed(parseUint32(value, 8), { message: `invalid value ${value} for mode`, word });
      return;
    case 'uid':
    case 'gid':
      draft[key] = needed(parseUint32(value, 10), { message: `invalid value ${value} for ${key}`, word });
      return;
    case 'env':
      draft.env = value;
      return;
    default:
      throw failure(`unexpected key '${key}' in '${field}'${didYouMean(key, KEYS)}`, {
        hint: `known are ${KEYS.join(', ')}`,
        word: [field.slice(0, key.length), field],
      });
  }
}

/** `field` gives the text of the field with one of these keys. */
function check(mount: Mount, field: (...keys: string[]) => string): void {
  if (!OWNED.has(mount.type)) {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (mount[key] === undefined) continue;
      throw failure(`${key} not allowed for "${mount.type}" type mounts`, { word: field(key) });
    }
  }
  if (mount.type === 'secret') {
    if (mount.from !== '') throw failure('secret mount should not have a from', { word: field('from') });
    if (mount.sharing !== '') throw failure('secret mount should not define sharing', { word: field('sharing') });
    if (mount.source === '' && mount.target === '' && mount.id === '') {
      throw failure('invalid secret mount. one of source, target required', {
        hint: 'add id=NAME',
        word: field('type'),
      });
    }
    if (mount.source !== '' && mount.id !== '') {
      throw failure("both source and id can't be set", { word: field('source', 'src') });
    }
  }
  if (mount.sharing !== '' && mount.type !== 'cache') {
    throw failure(`invalid cache sharing set for ${mount.type} mount`, { word: field('sharing') });
  }
}

function requireType(mount: Mount, need: { key: string; field: string; types: readonly MountType[] }): void {
  const { key, field, types } = need;
  if (types.includes(mount.type)) return;
  throw failure(`unexpected key '${key}' for mount type '${mount.type}'`, {
    hint: `${key} is for mounts of type ${types.join(' and ')}`,
    word: field,
  });
}

function oneOf<T extends string>(value: string, { options, message, word }: Invalid & { options: readonly T[] }): T {
  const found = options.find((option) => option === value.toLowerCase());
  const hint = `use one of ${options.join(', ')}`;
  return needed(found, { message: message + didYouMean(value, options), hint, word });
}

interface Invalid {
  readonly message: string;
  readonly hint?: string;
  readonly word: WrongWord;
}

function needed<T>(value: T | undefined, { message, ...options }: Invalid): T {
  if (value === undefined) throw failure(message, options);
  return value;
}
