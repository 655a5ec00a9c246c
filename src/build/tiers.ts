import { type Platform, formatPlatform, formatPlatformFull } from '../oci/platform.ts';
import { PolyarchError, hasCode } from '../util/error.ts';

/** An optional platform that the result is without. */
export interface MissingPlatform {
  readonly platform: Platform;
  readonly error: PolyarchError;
}

/** On an index: the optional platforms that failed, `linux/riscv64,linux/s390x`. */
export const MISSING_ANNOTATION = 'dev.polyarch.missing-platforms';

/** Platforms that must succeed, and optional ones, which the result goes without when they fail. */
export class Tiers {
  readonly #optional: ReadonlySet<string>;
  readonly #missing = new Map<string, MissingPlatform>();

  constructor(optional: readonly Platform[]) {
    this.#optional = new Set(optional.map((platform) => formatPlatformFull(platform)));
  }

  isOptional(platform: Platform): boolean {
    return this.#optional.has(formatPlatformFull(platform));
  }

  isMissing(platform: Platform): boolean {
    return this.#missing.has(formatPlatformFull(platform));
  }

  /** In the order in which they failed. */
  get missing(): readonly MissingPlatform[] {
    return [...this.#missing.values()];
  }

  /** What a platform's own work gives; undefined when the platform is optional and the work failed. */
  async attempt<T>(platform: Platform, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      // A cancellation is nobody's failure, a plain Error a fault of polyarch's own.
      if (!this.isOptional(platform) || !(error instanceof PolyarchError) || hasCode(error, 'CANCELED')) throw error;
      const name = formatPlatformFull(platform);
      if (!this.#missing.has(name)) this.#missing.set(name, { platform, error });
      return undefined;
    }
  }

  /** Those that are left. Fails as the first one did when none is. */
  left<T>(results: readonly (T | undefined)[]): readonly T[] {
    const left = results.filter((result) => result !== undefined);
    const [first] = this.missing;
    if (left.length > 0 || first === undefined) return left;
    const { code, message, hint, details } = first.error;
    throw new PolyarchError(code, message, {
      cause: first.error,
      hint: `every platform is optional, and none could be built${hint === undefined ? '' : `; ${hint}`}`,
      details,
    });
  }

  /** `--annotation`s of the result. */
  get annotations(): readonly string[] {
    if (this.#missing.size === 0) return [];
    const names = this.missing.map(({ platform }) => formatPlatform(platform));
    return [`index:${MISSING_ANNOTATION}=${names.toSorted().join(',')}`];
  }
}
