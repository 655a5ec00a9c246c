import { type Platform, formatPlatform, parsePlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';

/** What docker-multiarch-builder's `build.config` says; each is understood only when it is asked for. */
export interface BuildConfig {
  /** TARGET_ARCHES; empty when that is not set. Fails with BUILD_CONFIG_INVALID and UNKNOWN_PLATFORM. */
  platforms(): readonly Platform[];
  /** REPO/IMAGE_NAME:IMAGE_VERSION; undefined without a name. Fails with BUILD_CONFIG_INVALID. */
  tag(): string | undefined;
}

/**
 * A shell would read it: assignments are understood, with quotes and variables that stand above or in the environment,
 * and nothing is run.
 */
export function parseBuildConfig(
  text: string,
  { file, env }: { file: string; env: Readonly<Record<string, string | undefined>> },
): BuildConfig {
  const set = new Map<string, { readonly value: string | undefined; readonly line: number }>();
  const plain = (variable: string): string => {
    const { value, line } = set.get(variable) ?? { value: '', line: 0 };
    if (value !== undefined) return value;
    throw new PolyarchError('BUILD_CONFIG_INVALID', `${file}:${line}: ${variable} is not plain text`, {
      hint: 'nothing in the file is run: write the value itself, or give --platform and -t',
    });
  };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const match = /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$/i.exec(raw);
    if (match === null) continue;
    const [, name = '', word = ''] = match;
    const valueOf = (variable: string) => (set.has(variable) ? set.get(variable)?.value : (env[variable] ?? ''));
    set.set(name, { value: wordOf(word, valueOf), line: index + 1 });
  }
  return {
    platforms: () => platformsOf(plain('TARGET_ARCHES'), file),
    tag() {
      const [repository, name] = [plain('REPO'), plain('IMAGE_NAME')];
      if (name === '') return undefined;
      return `${repository === '' ? '' : `${repository}/`}${name}:${plain('IMAGE_VERSION') || 'latest'}`;
    },
  };
}

function platformsOf(list: string, file: string): Platform[] {
  const found = new Map<string, Platform>();
  for (const word of list.split(/[\s,]+/).filter((one) => one !== '')) {
    try {
      const platform = parsePlatform(word.includes('/') ? word : `linux/${word}`);
      found.set(formatPlatform(platform), platform);
    } catch (error) {
      if (!(error instanceof PolyarchError)) throw error;
      throw new PolyarchError(error.code, `${file}: TARGET_ARCHES: ${error.message}`, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      });
    }
  }
  return [...found.values()];
}

const WORD = /^(?:'[^']*'|"(?:[^"\\`]|\\.)*"|[^\s'"\\`;&|()<>#]|\\.)*(?=\s*(?:#.*|;\s*)?$)/;
const SPECIAL = /'([^']*)'|\\(.)|"|\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|.)/g;

/** The value of one shell word, quotes and `$VARIABLE` in it; undefined for what only a shell can tell. */
function wordOf(text: string, valueOf: (variable: string) => string | undefined): string | undefined {
  const word = WORD.exec(text)?.[0];
  if (word === undefined) return undefined;
  let value = '';
  let end = 0;
  for (const match of word.matchAll(SPECIAL)) {
    const [all, single, escaped, braced, bare] = match;
    const variable = braced ?? bare;
    const part = variable === undefined ? (single ?? escaped ?? (all === '"' ? '' : undefined)) : valueOf(variable);
    if (part === undefined) return undefined;
    value += word.slice(end, match.index) + part;
    end = match.index + all.length;
  }
  return value + word.slice(end);
}
