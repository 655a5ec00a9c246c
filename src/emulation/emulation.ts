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
  | {
      readonly kind: 'private';
      readonly record: BinfmtRecord;
      /** The emulator's settings, for the first process. */
      readonly env: readonly string[];
      /** True when the emulator runs the tools of a mounted pack native. */
      readonly dispatches: boolean;
    }
  | { readonly kind: 'host'; readonly entry: string; readonly interpreter: string }
  | { readonly kind: 'none'; readonly reason: string; readonly mend: string };

/** Chooses how a platform's programs run. */
export interface Emulation {
  modeFor(platform: Platform): Promise<RunMode>;
}
