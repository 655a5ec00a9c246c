import type { Platform } from '../oci/platform.ts';

/** A binfmt_misc registration, kernel documentation admin-guide/binfmt-misc.rst. */
export interface BinfmtRecord {
  /** Name of the entry, e.g. `polyarch-aarch64`. */
  readonly name: string;
  readonly magic: Uint8Array;
  readonly mask: Uint8Array;
  /** Absolute path of the interpreter, in the mount namespace that registers. */
  readonly interpreter: string;
  /** `F` (opened at registration), `P` (argv[0] kept), `C` (credentials of the binary), `O`. */
  readonly flags: string;
}

/** How this machine would run programs of a platform. */
export type RunMode =
  | { readonly kind: 'native' }
  | { readonly kind: 'private'; readonly record: BinfmtRecord; readonly env: readonly string[] }
  | { readonly kind: 'host'; readonly entry: string; readonly interpreter: string }
  | { readonly kind: 'none'; readonly reason: string; readonly mend: string };

/**
 * Chooses how a platform's programs run. A later implementation puts a dispatcher in QEMU's place:
 * only the record's interpreter changes.
 */
export interface Emulation {
  modeFor(platform: Platform): Promise<RunMode>;
}
