/**
 * A failure that a person can reach: it names the object, the place and the mend.
 * A programmer's mistake stays a plain `Error`.
 */
export interface PolyarchErrorOptions {
  /** What to do about it: one sentence, or the exact command. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Machine-readable facts (platform, file, line range …), never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class PolyarchError extends Error {
  override readonly name = 'PolyarchError';
  /** Upper-case words joined by `_`, stable across releases, e.g. `PLATFORM_UNSUPPORTED`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: PolyarchErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a Node system error (or a PolyarchError) with that code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
