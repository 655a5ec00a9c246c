/** Bounds on what is read from outside; passing one is a coded error, never an endless loop. */
export const LIMITS = {
  /** A manifest, index or image config (OCI distribution spec asks registries to take at least 4 MiB). */
  manifestBytes: 4 * 1024 * 1024,
  /** An image config: a long history makes it larger than a manifest. */
  configBytes: 8 * 1024 * 1024,
  /** Any other JSON answer of a registry or token server. */
  jsonBytes: 8 * 1024 * 1024,
  /** Indexes nested in indexes. */
  indexDepth: 8,
  /** Descriptors in one index or layers in one manifest. */
  descriptors: 10_000,
  /** A Dockerfile, after heredocs. */
  dockerfileBytes: 16 * 1024 * 1024,
  /** A `.dockerignore` file. */
  ignoreBytes: 4 * 1024 * 1024,
  /** One path in an archive. */
  pathBytes: 64 * 1024,
  /** Entries in one layer. */
  archiveEntries: 10_000_000,
  /** Bytes one layer may expand to. */
  archiveBytes: 1024 ** 4,
  /** PAX records of one entry. */
  paxBytes: 1024 * 1024,
} as const;
