import type { LayerChain } from '../../snapshot/layer.ts';

/*
 * File actions: BuildKit's FileOp (solver/pb/ops.proto) with its inputs resolved. All actions of a step
 * change the same root, one after the other. Paths in a root are absolute or taken as such; whatever links
 * they lead over, they stay inside it.
 */

export type FileAction = CopyAction | MakeDirectoryAction | MakeFileAction | MakeLinkAction | RemoveAction;

/** Where the files of a copy come from. */
export type CopySource =
  /** `title` is for messages, e.g. `the stage "build"`; default `the source image`. */
  | { readonly kind: 'layers'; readonly layers: LayerChain; readonly title?: string }
  | FolderSource
  /** The root that is being changed, as earlier actions of the step left it. */
  | { readonly kind: 'self' };

/** A folder of the machine, read where it lies: exactly the entries of a scan, owned by 0:0. */
export interface FolderSource {
  readonly kind: 'folder';
  /** For messages: `the build context` or `the build context "name"`. */
  readonly title: string;
  /** Absolute. */
  readonly root: string;
  /** The scan's entries, packed (sources/local-entries.ts). */
  readonly entries: Uint8Array;
  /** What hid files from the scan; only for messages. */
  readonly excludePatterns?: readonly string[];
  /** Where those patterns come from; default `.dockerignore`. */
  readonly ignoreFile?: string;
}

export interface CopyAction extends CopyOptions {
  readonly kind: 'copy';
  readonly source: CopySource;
  readonly sourcePath: string;
  /** With a slash at its end: a folder, made when it is not there. */
  readonly destPath: string;
}

/** pb.FileActionCopy. All flags are off by default. */
export interface CopyOptions {
  /** Default: the source's own owner. */
  readonly owner?: Owner;
  /** Permission, setuid, setgid and sticky bits for everything copied. Default: the source's own. */
  readonly mode?: number;
  /** `chmod`'s symbolic form, e.g. `u=rwX,go=rX`; takes precedence over `mode`. */
  readonly modeStr?: string;
  /** Follow the source when it is itself a link. */
  readonly followSymlink?: boolean;
  /** Of a source folder copy what is in it, not the folder. */
  readonly dirCopyContents?: boolean;
  /** A source that is a tar archive, compressed or not, is unpacked into the destination folder (Docker's ADD). */
  readonly attemptUnpack?: boolean;
  /** Make the destination's missing parents. */
  readonly createDestPath?: boolean;
  /** The source path is a pattern of filepath.Match. */
  readonly allowWildcard?: boolean;
  /** A pattern without a match copies nothing; a warning says so. */
  readonly allowEmptyWildcard?: boolean;
  /** Nanoseconds since the epoch for everything made; -1 or absent keeps the source's. */
  readonly timestamp?: bigint;
  /** Ordered patterns, relative to the source folder. */
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  /** What is in the way and of another type is removed instead of an error. */
  readonly alwaysReplaceExistingDestPaths?: boolean;
  /** Paths of the source that must be among the copied. */
  readonly requiredPaths?: readonly string[];
}

export interface MakeDirectoryAction {
  readonly kind: 'mkdir';
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly makeParents?: boolean;
  readonly owner?: Owner;
  readonly timestamp?: bigint;
}

export interface MakeFileAction {
  readonly kind: 'mkfile';
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: Owner;
  readonly timestamp?: bigint;
}

export interface MakeLinkAction {
  readonly kind: 'symlink';
  /** The link's text. */
  readonly target: string;
  /** Where the link is made. */
  readonly path: string;
  readonly owner?: Owner;
  readonly timestamp?: bigint;
}

export interface RemoveAction {
  readonly kind: 'remove';
  readonly path: string;
  readonly allowNotFound?: boolean;
  readonly allowWildcard?: boolean;
}

/** pb.ChownOpt. A user without a group brings its own group (by name) or the group of its number. */
export interface Owner {
  readonly user?: OwnerId;
  readonly group?: OwnerId;
}

export type OwnerId =
  | { readonly kind: 'id'; readonly id: number }
  /** Looked up in /etc/passwd or /etc/group of `root`; default: the root being changed. */
  | { readonly kind: 'name'; readonly name: string; readonly root?: LayerChain };

/** A part of a root filesystem whose content stands for it (BuildKit's contenthash selector). */
export interface TreeSelector {
  readonly path: string;
  readonly wildcard?: boolean;
  readonly followLinks?: boolean;
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  readonly requiredPaths?: readonly string[];
  /** A path that is not there is no error but a content of its own (`/etc/passwd` of scratch). */
  readonly optional?: boolean;
}
