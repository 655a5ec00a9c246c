import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { encodeText } from '../../archive/text.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Attributes } from './attributes.ts';
import type { TreeSelector } from './contract.ts';
import type { Pacer } from '../../util/pacer.ts';
import { findSources, requirePaths } from './select.ts';
import type { TreeEntry, Searched } from './tree.ts';
import { selection, walkTree } from './walk.ts';

/** What a digest covers beside the entry: the file's bytes and its attributes. */
export interface EntryContent {
  /** sha256 of a regular file's bytes, in hex. */
  readonly sha256?: string;
  readonly attributes?: Attributes;
}

export interface DigestOptions {
  readonly contentOf: (path: string, entry: TreeEntry) => EntryContent | Promise<EntryContent>;
  readonly pacer: Pacer;
}

/** Records are hashed in pieces of about this many characters. */
const PIECE = 256 * 1024;

/**
 * The digest of what selectors pick from a tree: names below each picked thing, types, modes, owners, link
 * texts, devices, attributes and bytes; no times. Two trees with one digest give the same copies. The name
 * of a thing picked without a wildcard is not in it.
 *
 * @throws PolyarchError COPY_SOURCE_NOT_FOUND when a selector without a wildcard picks nothing
 */
export async function digestTree(
  tree: Searched,
  selectors: readonly TreeSelector[],
  options: DigestOptions,
): Promise<Digest> {
  const hash = createHash('sha256');
  for (const selector of selectors) {
    let piece = '[selector]';
    const picked: string[] = [];
    const sources = findSources(tree, selector.path, {
      wildcard: selector.wildcard,
      followLinks: selector.followLinks,
      optional: selector.optional === true,
    });
    for (const source of sources) {
      piece += selector.wildcard === true ? JSON.stringify(basename(source.name)) : '[]';
      for (const visit of walkTree(tree, source.path, selection(selector))) {
        if (visit.kind === 'leave') continue;
        if (selector.requiredPaths !== undefined)
          picked.push(
            visit.relative === '' ? source.name : `${source.name === '/' ? '' : source.name}/${visit.relative}`,
          );
        const link = visit.entry.type === 'symlink' ? tree.readlink(visit.path) : '';
        const answer = options.contentOf(visit.path, visit.entry);
        const content = answer instanceof Promise ? await answer : answer;
        piece += record(visit.relative, visit.entry, { content, link });
        if (piece.length > PIECE) {
          hash.update(encodeText(piece));
          piece = '';
        }
        if (options.pacer.due) await options.pacer.rest();
      }
    }
    if (selector.requiredPaths !== undefined) requirePaths(tree, selector.requiredPaths, picked);
    hash.update(encodeText(piece));
  }
  return `sha256:${hash.digest('hex')}`;
}

/** Fields end in zero bytes, which none of them can hold. */
function record(name: string, entry: TreeEntry, { content, link }: { content: EntryContent; link: string }): string {
  const mode = entry.type === 'symlink' ? 0 : entry.mode;
  let text = `${name}\0${entry.type} ${mode} ${entry.uid} ${entry.gid} ${entry.device}\0${link}\0${content.sha256 ?? ''}\0`;
  for (const [key, value] of content.attributes ?? []) text += `${key}=${Buffer.from(value).toString('hex')}\0`;
  return `${text}\n`;
}
