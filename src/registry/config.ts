import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hasCode, messageOf } from '../util/error.ts';
import { nearest } from '../util/nearest.ts';
import { canonicalDomain, type HostSettings, type HostTable } from './hosts.ts';
import { settingsFailure } from './settings-failure.ts';

export interface ReadConfigOptions {
  /** Other top-level tables that the file may hold, checked by their owners; default none. */
  readonly otherSections?: readonly string[];
}

/**
 * The `[registry."HOST"]` tables of a configuration file (`~/.config/polyarch/config.toml`); an empty
 * table when there is no such file. Relative `ca`, `cert` and `key` count from the file's folder. Fails with
 * REGISTRY_CONFIG naming the file, the key and the nearest known one.
 */
export async function readRegistryConfig(file: string, options: ReadConfigOptions = {}): Promise<HostTable> {
  const root = await readDocument(file);
  return root === undefined ? {} : parseRegistryConfig(root, { file, otherSections: options.otherSections ?? [] });
}

/** The `url` of the file's `[hub]` table: where Docker Hub's API is; undefined when it says none. Fails with REGISTRY_CONFIG. */
export async function readHubAddress(file: string): Promise<string | undefined> {
  const root = await readDocument(file);
  if (root === undefined) return undefined;
  const hub = tableOf(tableOf(root, file, 'the document')['hub'] ?? {}, file, 'hub');
  for (const key of Object.keys(hub)) if (key !== 'url') unknownKey(file, `hub.${key}`, ['url'], key);
  return hub['url'] === undefined ? undefined : stringOf(hub['url'], { file, at: 'hub.url' });
}

/** The file's content as TOML; undefined when there is no such file. */
async function readDocument(file: string): Promise<unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw settingsFailure('REGISTRY_CONFIG', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const { parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    throw notToml(file, error);
  }
}

/** The parser's message is several lines with an excerpt; its first one and the place are told. */
function notToml(file: string, error: unknown): Error {
  const [line] = messageOf(error).split('\n', 1);
  const at = error instanceof Error && 'line' in error ? `:${String(error.line)}` : '';
  return settingsFailure('REGISTRY_CONFIG', `${file}${at} is no TOML: ${line}`, { cause: error });
}

/** The same from a parsed document. */
export function parseRegistryConfig(
  root: unknown,
  { file, otherSections }: { readonly file: string; readonly otherSections: readonly string[] },
): HostTable {
  const top = tableOf(root, file, 'the document');
  for (const key of Object.keys(top)) {
    if (key !== 'registry' && !otherSections.includes(key)) unknownKey(file, key, ['registry', ...otherSections]);
  }
  const table: Record<string, HostSettings> = {};
  for (const [host, value] of Object.entries(tableOf(top['registry'] ?? {}, file, 'registry'))) {
    table[canonicalDomain(host)] = hostOf(value, { file, at: `registry.${JSON.stringify(host)}` });
  }
  return table;
}

type Place = { readonly file: string; readonly at: string };
type Reader = (value: unknown, place: Place) => Partial<HostSettings>;

/** One row a key. */
const KEYS: Readonly<Record<keyof HostSettings, Reader>> = {
  mirrors: (value, place) => ({ mirrors: stringsOf(value, place) }),
  http: (value, place) => ({ http: booleanOf(value, place) }),
  insecure: (value, place) => ({ insecure: booleanOf(value, place) }),
  ca: (value, place) => ({ ca: stringsOf(value, place).map((path) => fileOf(path, place)) }),
  cert: (value, place) => ({ cert: fileOf(stringOf(value, place), place) }),
  key: (value, place) => ({ key: fileOf(stringOf(value, place), place) }),
};

function hostOf(value: unknown, { file, at }: Place): HostSettings {
  const settings: HostSettings = {};
  for (const [key, entry] of Object.entries(tableOf(value, file, at))) {
    const known = Object.entries(KEYS).find(([name]) => name === key);
    if (known === undefined) unknownKey(file, `${at}.${key}`, Object.keys(KEYS), key);
    else Object.assign(settings, known[1](entry, { file, at: `${at}.${key}` }));
  }
  if ((settings.cert === undefined) !== (settings.key === undefined)) {
    throw settingsFailure('REGISTRY_CONFIG', `${file}: ${at} needs both cert and key, or neither`);
  }
  return settings;
}

function tableOf(value: unknown, file: string, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong({ file, at }, 'a table');
  // Just checked.
  return value as Record<string, unknown>;
}

function stringOf(value: unknown, place: Place): string {
  return typeof value === 'string' && value !== '' ? value : wrong(place, 'a string');
}

function booleanOf(value: unknown, place: Place): boolean {
  return typeof value === 'boolean' ? value : wrong(place, 'true or false');
}

function stringsOf(value: unknown, place: Place): string[] {
  return Array.isArray(value)
    ? value.map((entry: unknown) => stringOf(entry, place))
    : wrong(place, 'a list of strings');
}

function fileOf(path: string, { file }: Place): string {
  return resolve(dirname(file), path);
}

function wrong({ file, at }: Place, wanted: string): never {
  throw settingsFailure('REGISTRY_CONFIG', `${file}: ${at} must be ${wanted}`);
}

function unknownKey(file: string, at: string, known: readonly string[], key = at): never {
  const guess = nearest(key, known);
  throw settingsFailure('REGISTRY_CONFIG', `${file}: unknown key ${at}`, {
    hint: guess === undefined ? `Known keys: ${known.join(', ')}.` : `Did you mean ${guess}?`,
  });
}
