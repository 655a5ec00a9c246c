/** A file of a context: its text or bytes, or what else it is. Owner 0:0, mode 0644 or 0755, a fixed time of 2021. */
export type CompatFile =
  | string
  | Uint8Array
  | {
      readonly text?: string;
      /** Where a symbolic link points. */
      readonly link?: string;
      /** Another file of the context that this is a hard link to; it comes before. */
      readonly hardlink?: string;
      /** `device` is the character device 1:3. */
      readonly special?: 'folder' | 'fifo' | 'socket' | 'device';
      readonly xattrs?: Readonly<Record<string, Uint8Array>>;
      readonly mode?: number;
      readonly owner?: readonly [number, number];
      /** Seconds since the epoch. */
      readonly mtime?: number;
    };

export type CompatFiles = Readonly<Record<string, CompatFile>>;

/**
 * What `--build-context` names: a folder of these files, the stand-in base of that name as an OCI layout, the OCI layout
 * that polyarch builds of a Dockerfile, or the text itself.
 */
export type CompatContext =
  | string
  | { readonly files: CompatFiles }
  | { readonly layout: string }
  | { readonly built: string };

/** A build that polyarch and BuildKit must agree on. `{{http}}` and `{{git}}` are replaced everywhere, see serve.ts. */
export interface CompatCase {
  readonly name: string;
  readonly dockerfile: string | Uint8Array;
  /** The context, beside the Dockerfile. */
  readonly files?: CompatFiles;
  /** Where in the context the Dockerfile is; default `Dockerfile`. */
  readonly file?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Default linux/amd64. */
  readonly platforms?: readonly string[];
  /** `--build-context`, by name. */
  readonly contexts?: Readonly<Record<string, CompatContext>>;
  /** `--secret`: id → text. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** `--ssh`: an agent with one key as `default`, or under this id. */
  readonly ssh?: true | string;
  /** Flags that the two clients call by other names: polyarch's, and the options of BuildKit's frontend. */
  readonly flags?: { readonly polyarch: readonly string[]; readonly buildctl: readonly string[] };
  /** Another context than the files: a URL. */
  readonly context?: string;
  /** Built a second time with these changes; that image is compared, and which steps ran again. */
  readonly again?: Partial<Pick<CompatCase, 'dockerfile' | 'files' | 'args' | 'secrets'>>;
  /** Default success; a failure must be at the same lines, where BuildKit says one. */
  readonly expect?: 'success' | 'failure';
}
