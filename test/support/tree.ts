import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** By path: a file's text, `->target` for a link, `=other` for a hard link, undefined for a folder; or with a mode. */
export type TreeSpec = Readonly<
  Record<string, Node | { readonly node?: Node; readonly mode?: number; readonly mtime?: number }>
>;
type Node = string | undefined;

/** A temporary folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes the files below a folder (a temporary one by default); modes are 0644 and 0755. */
export function makeTree(spec: TreeSpec, root = temporaryFolder()): string {
  for (const [path, value] of Object.entries(spec)) {
    const { node, mode, mtime } =
      typeof value === 'object'
        ? { node: undefined, mode: undefined, mtime: undefined, ...value }
        : { node: value, mode: undefined, mtime: undefined };
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    if (node === undefined) mkdirSync(place, { recursive: true });
    else if (node.startsWith('->')) symlinkSync(node.slice(2), place);
    else if (node.startsWith('=')) linkSync(join(root, node.slice(1)), place);
    else writeFileSync(place, node);
    if (node?.startsWith('->') !== true) chmodSync(place, mode ?? (node === undefined ? 0o755 : 0o644));
    if (mtime !== undefined) lutimesSync(place, mtime, mtime);
  }
  return root;
}

/** What is below a folder: `path` → `text`, `->target` or `/`, with the mode when it is not 0644 or 0755, and the owner when it is not root. */
export function describeTree(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string) => {
    for (const name of readdirSync(join(root, path)).toSorted()) {
      const at = path === '' ? name : `${path}/${name}`;
      const stat = lstatSync(join(root, at));
      const mode = stat.mode & 0o7777;
      const usual = stat.isSymbolicLink() || mode === (stat.isDirectory() ? 0o755 : 0o644);
      const extra = `${usual ? '' : ` ${mode.toString(8)}`}${stat.uid === 0 && stat.gid === 0 ? '' : ` ${stat.uid}:${stat.gid}`}`;
      if (stat.isDirectory()) found[at] = `/${extra}`;
      else if (stat.isSymbolicLink()) found[at] = `->${readlinkSync(join(root, at))}${extra}`;
      else found[at] = stat.isFile() ? `${readFileSync(join(root, at), 'utf8')}${extra}` : `special${extra}`;
      if (stat.isDirectory()) visit(at);
    }
  };
  visit('');
  return found;
}
