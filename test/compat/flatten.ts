import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { tarMembers } from '../support/tar-members.ts';

/** What is at a path of an image. Names of one file (hard links) have the same object. */
export interface TreeNode {
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly link: string;
  readonly device: string;
  readonly xattrs: Readonly<Record<string, string>>;
  readonly mtime: number;
  readonly content: string;
}

export interface PlatformImage {
  readonly config: Readonly<Record<string, unknown>>;
  /** `.` is the root. */
  readonly tree: ReadonlyMap<string, TreeNode>;
  readonly layers: number;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The images of an OCI archive by platform (`linux/arm64`, as its config says it without the variant of arm64); `unfill`
 * puts names for what is another in each run, in the contents of files.
 */
export function readArchive(bytes: Buffer, unfill: (text: string) => string): Map<string, PlatformImage> {
  const files = new Map([...tarMembers(bytes)].map((member) => [member.name, member.body]));
  const blob = ({ digest }: Descriptor): Buffer => {
    const found = files.get(`blobs/${digest.replace(':', '/')}`);
    if (found === undefined) throw new Error(`the archive lacks ${digest}`);
    return found;
  };
  const images = new Map<string, PlatformImage>();
  const visit = (descriptor: Descriptor): void => {
    const document = JSON.parse(blob(descriptor).toString());
    for (const below of document.manifests ?? []) visit(below);
    if (document.manifests !== undefined || document.config.mediaType.includes('attestation')) return;
    const config = JSON.parse(blob(document.config).toString());
    const { os, architecture, variant } = config;
    const name = [os, architecture, ...(variant === undefined || architecture === 'arm64' ? [] : [variant])].join('/');
    let tree: Map<string, TreeNode> = new Map();
    for (const layer of document.layers ?? [])
      tree = applyLayer(tree, { digest: layer.digest, bytes: () => blob(layer), unfill });
    images.set(name, { config, tree, layers: (document.layers ?? []).length });
  };
  for (const descriptor of JSON.parse(files.get('index.json')?.toString() ?? '{}').manifests ?? []) visit(descriptor);
  return images;
}

const read = new Map<string, readonly (readonly [string, TreeNode])[]>();

interface Layer {
  readonly digest: string;
  bytes(): Buffer;
  unfill(text: string): string;
}

/** Layers by their digest, as bases are in many images. */
function layerNodes(layer: Layer): readonly (readonly [string, TreeNode])[] {
  const known = read.get(layer.digest);
  if (known !== undefined) return known;
  const packed = layer.bytes();
  const tar = packed[0] === 0x1f ? gunzipSync(packed) : packed[0] === 0x28 ? zstdDecompressSync(packed) : packed;
  const nodes: (readonly [string, TreeNode])[] = [];
  const seen = new Map<string, TreeNode>();
  for (const member of tarMembers(tar)) {
    const path = join(member.name).replace(/(?<=.)\/$/, '');
    const target = member.type === '1' ? seen.get(join(member.link)) : undefined;
    if (member.type === '1' && target === undefined) throw new Error(`${path} is a hard link to nothing`);
    const node: TreeNode = target ?? {
      type: member.type,
      mode: member.mode,
      owner: `${member.uid}:${member.gid}`,
      link: member.type === '2' ? member.link : '',
      device: member.device,
      xattrs: member.xattrs,
      mtime: member.mtime,
      content: member.type === '0' ? digestOf(layer.unfill(member.body.toString('latin1'))) : '',
    };
    seen.set(path, node);
    nodes.push([path, node]);
  }
  read.set(layer.digest, nodes);
  return nodes;
}

function digestOf(bytes: string): string {
  return createHash('sha256').update(bytes, 'latin1').digest('hex');
}

/** The changes of a layer, after the OCI image spec: whiteouts hide what is below, the rest is put over it. */
function applyLayer(below: ReadonlyMap<string, TreeNode>, layer: Layer): Map<string, TreeNode> {
  const tree = new Map(below);
  const remove = (folder: string, self: boolean): void => {
    if (self) tree.delete(folder);
    for (const path of tree.keys()) if (path.startsWith(`${folder}/`)) tree.delete(path);
  };
  const nodes = layerNodes(layer);
  for (const [path] of nodes) {
    const name = basename(path);
    if (name === '.wh..wh..opq') remove(dirname(path), false);
    else if (name.startsWith('.wh.')) remove(join(dirname(path), name.slice('.wh.'.length)), true);
  }
  for (const [path, node] of nodes) {
    if (basename(path).startsWith('.wh.')) continue;
    if (node.type !== '5' && tree.get(path)?.type === '5') remove(path, true);
    tree.set(path, node);
  }
  return tree;
}
