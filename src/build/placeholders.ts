import { type Platform, formatPlatform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { didYouMean, nearest } from '../util/nearest.ts';

export interface PlaceholderOptions {
  readonly platform: Platform;
  /** For messages: `--file`. */
  readonly flag: string;
  /**
   * `name`: of a file, a stage, an image; every `{word}` is a placeholder, and `{platform}` is `linux_arm_v7`, as
   * `-o type=local` names its folders. `text`: a value of any kind; only known words are, and slips of them are told,
   * and `{platform}` is `linux/arm/v7`.
   */
  readonly in: 'name' | 'text';
}

const NAMES = ['os', 'arch', 'variant', 'platform'] as const;

/** `{{word}}`, which stands for `{word}`, or `{word}`; a shell's `${word}` is neither. */
const PLACEHOLDER = /(?<!\$)(?:\{\{([a-z][\w-]*)\}\}|\{([a-z][\w-]*)\})/gi;

/**
 * Fills in `{os}`, `{arch}`, `{variant}` and `{platform}` with what TARGETOS, TARGETARCH and TARGETVARIANT would be:
 * arm64's and amd64's usual variant is empty. Fails with UNKNOWN_PLACEHOLDER.
 */
export function fillPlaceholders(text: string, options: PlaceholderOptions): string {
  return text.replaceAll(PLACEHOLDER, (all: string, doubled: string | undefined, single = '') => {
    const word = doubled ?? String(single);
    const known = NAMES.find((name) => name === word);
    if (known === undefined && options.in === 'text' && !isSlip(word)) return all;
    if (doubled !== undefined) return `{${doubled}}`;
    if (known === undefined) throw unknownPlaceholder(word, options);
    return valueOf(known, options);
  });
}

function valueOf(name: (typeof NAMES)[number], options: PlaceholderOptions): string {
  const { platform } = options;
  switch (name) {
    case 'os':
      return platform.os;
    case 'arch':
      return platform.architecture;
    case 'variant':
      return platform.variant ?? '';
    case 'platform': {
      const full = formatPlatform(platform);
      return options.in === 'name' ? full.replaceAll('/', '_') : full;
    }
  }
}

function isSlip(word: string): boolean {
  return (
    word.length > 3 && nearest(word, ['arch', 'variant', 'platform'], { limit: word.length > 5 ? 2 : 1 }) !== undefined
  );
}

function unknownPlaceholder(word: string, { flag }: PlaceholderOptions): PolyarchError {
  return new PolyarchError(
    'UNKNOWN_PLACEHOLDER',
    `${flag}: there is no placeholder {${word}}${didYouMean(word, NAMES)}`,
    {
      hint: `there are ${NAMES.map((name) => `{${name}}`).join(', ')}; {{${word}}} stands for the text {${word}}`,
      details: { placeholder: word, known: NAMES },
    },
  );
}
