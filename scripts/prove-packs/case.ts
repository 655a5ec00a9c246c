/** One kind of tool: a step that writes what the tools give to /out, to be the same emulated and accelerated. */
export interface ProofCase {
  readonly name: string;
  readonly base: string;
  readonly platforms: readonly string[];
  /** The release of Go that is in /usr/local/go. */
  readonly go?: string;
  /** A step before the one that is compared. */
  readonly setup?: string;
  /** sh; the working folder is /work, files of `files/` are there. */
  readonly step: string;
  /** What must have run native for the proof to be one. */
  readonly native: readonly string[];
  /** The same where the platform has 64 bits. */
  readonly native64?: readonly string[];
  /** A variable (`NAME=value`) that keeps the program in question emulated: then all others run native both times, which is faster. */
  readonly emulate?: string;
  /** Compare the whole root filesystem but logs and caches, not /out. */
  readonly whole?: boolean;
}
