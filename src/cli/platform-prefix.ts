import type { Scoped } from '../build/request.ts';
import { KNOWN_OS } from '../oci/platform-names.ts';
import { normalizeOs } from '../oci/platform-normal.ts';
import { parsePlatformPattern } from '../oci/platform-pattern.ts';
import { PolyarchError } from '../util/error.ts';

const SHAPE = /^([A-Za-z0-9_.-]+)\/[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)?$/;

/**
 * Takes the prefix `OS/ARCHITECTURE[/VARIANT]=` off a flag's value. Only what stands before the first `=` and begins
 * with an operating system's name is one; `./linux/arm64=x` has none. Fails with UNKNOWN_PLATFORM, but where a key may
 * hold slashes (`keyed`) a text that names no platform is a prefix only if a key and `=` follow it.
 */
export function platformPrefix(
  text: string,
  { flag, keyed = false }: { flag: string; keyed?: boolean },
): Scoped<string> {
  const equals = text.indexOf('=');
  const before = text.slice(0, Math.max(0, equals));
  const os = SHAPE.exec(before)?.[1];
  if (os === undefined || !KNOWN_OS.has(normalizeOs(os))) return { value: text };
  const value = text.slice(equals + 1);
  try {
    return { platform: parsePlatformPattern(before), value };
  } catch (error) {
    if (!(error instanceof PolyarchError)) throw error;
    if (keyed && !value.includes('=')) return { value: text };
    throw new PolyarchError(error.code, `${flag} ${before}=…: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
