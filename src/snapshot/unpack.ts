import { DigestCounter } from '../archive/digest-counter.ts';
import { TarParser } from '../archive/parser.ts';
import type { Digest } from '../oci/digest.ts';
import { diskFull } from '../util/disk-full.ts';
import { hasCode, messageOf, PolyarchError } from '../util/error.ts';
import { pacer } from '../util/pacer.ts';
import { TreeWriter } from './tree-writer.ts';
import type { TreeWriterOptions } from './tree-writer.ts';

/** What could not be kept exactly. Told once for each kind. */
export interface UnpackWarning {
  readonly code: 'DEVICE_SKIPPED' | 'XATTR_SKIPPED' | 'OWNERS_FLATTENED' | 'WHITEOUT_ATTRIBUTE';
  readonly path: string;
  readonly message: string;
}

export interface Unpacked {
  /** Of the tar, its padding and trailing bytes too: a layer's diffID. */
  readonly digest: Digest;
  readonly size: number;
  /** Folders that no member of the archive names, made because something lies in them; `''` is the root. */
  readonly implied: readonly string[];
  /** True when the layer removes something below it. */
  readonly whiteouts: boolean;
}

/**
 * Unpacks a layer's uncompressed tar into the new folder `root`, which nobody else may write to meanwhile. The archive
 * is hostile: no member lands outside `root` by `..`, an absolute name, a symlink or a hardlink (ARCHIVE_UNSAFE); the
 * last of several members of one name wins. Owners, modes, exact times, xattrs, hardlinks and holes are kept;
 * what the kernel refuses is told through `onWarning`. A full disk is NO_SPACE. What was written stays for
 * the caller to remove when it fails.
 */
export async function unpackLayer(
  tar: AsyncIterable<Uint8Array>,
  root: string,
  options: TreeWriterOptions & {
    /** Of the digest. Default sha256. */
    readonly algorithm?: 'sha256' | 'sha512';
    readonly signal?: AbortSignal;
  } = {},
): Promise<Unpacked> {
  const counter = new DigestCounter(options.algorithm);
  const writer = new TreeWriter(root, options);
  const parser = new TarParser(writer);
  try {
    const pace = pacer(options.signal);
    for await (const chunk of tar) {
      options.signal?.throwIfAborted();
      parser.write(chunk);
      counter.update(chunk);
      if (pace.due) await pace.rest();
    }
    parser.finish();
    writer.finish();
  } catch (error) {
    throw explain(error, root);
  } finally {
    writer.close();
  }
  return { digest: counter.digest, size: counter.size, implied: writer.implied(), whiteouts: writer.whiteouts };
}

function explain(error: unknown, root: string): unknown {
  const full = diskFull(error, `while unpacking below ${root}`);
  if (full !== undefined) return full;
  if (hasCode(error, 'ENAMETOOLONG', 'EILSEQ')) {
    return new PolyarchError(
      'ARCHIVE_UNSUPPORTED',
      `the archive has a name that this filesystem cannot hold (${messageOf(error)})`,
      { cause: error },
    );
  }
  return error;
}
