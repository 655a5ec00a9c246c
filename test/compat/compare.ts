import type { PlatformImage, TreeNode } from './flatten.ts';

/** An image as flat facts: where → what. */
export type Facts = Readonly<Record<string, string>>;

/** How the images of two builds differ, a line each. */
export function compareImages(
  buildkit: Readonly<Record<string, Facts>>,
  polyarch: Readonly<Record<string, Facts>>,
): string[] {
  const lines: string[] = [];
  for (const platform of new Set([...Object.keys(buildkit), ...Object.keys(polyarch)])) {
    const [a, b] = [buildkit[platform], polyarch[platform]];
    if (a === undefined || b === undefined)
      lines.push(`${platform}: only ${a === undefined ? 'polyarch' : 'buildkit'} has it`);
    else
      for (const field of new Set([...Object.keys(a), ...Object.keys(b)]))
        if (a[field] !== b[field])
          lines.push(`${platform} ${field}: buildkit ${a[field] ?? 'nothing'}, polyarch ${b[field] ?? 'nothing'}`);
  }
  return lines;
}

/** The facts of an image without what no build defines: times since `began` (seconds) are all `now`. */
export function facts(image: PlatformImage, began: number): Facts {
  const found = new Map<string, string>([['layers', String(image.layers)]]);
  const visit = (where: string, value: unknown): void => {
    if (where.endsWith('.diff_ids') && Array.isArray(value)) found.set(where, `${value.length} of them`);
    else if (/(?:^|\.)created$/.test(where) && typeof value === 'string')
      found.set(where, Date.parse(value) / 1000 >= began ? 'now' : value);
    else if (typeof value === 'object' && value !== null) {
      found.set(where, Array.isArray(value) ? '[]' : '{}');
      for (const [key, below] of Object.entries(value)) visit(where === '' ? key : `${where}.${key}`, below);
    } else found.set(where, JSON.stringify(value));
  };
  visit('config', image.config);
  const names = new Map<TreeNode, string[]>();
  for (const [path, node] of image.tree) names.set(node, [...(names.get(node) ?? []), path]);
  for (const [path, node] of image.tree) {
    const { mtime, xattrs, ...plain } = node;
    for (const [key, value] of Object.entries(plain))
      found.set(`/${path} ${key}`, key === 'mode' ? value.toString(8) : String(value));
    for (const [key, value] of Object.entries(xattrs)) found.set(`/${path} xattr ${key}`, value);
    // Nobody says which time a folder has that was written to.
    if (node.type !== '5') found.set(`/${path} mtime`, mtime >= began ? 'now' : String(Math.floor(mtime)));
    const same = names.get(node) ?? [];
    if (same.length > 1) found.set(`/${path} names`, same.toSorted().join(' '));
  }
  return Object.fromEntries(found);
}

/** The marked lines of the Dockerfile, `3` or `3-5`, of each place that a failing build shows. */
export function failedLines(stderr: string): string[] {
  const places = stderr
    .split(/^-{20}$/m)
    .map((part) => [...part.matchAll(/^ *(\d+) \| >>>/gm)].map(([, line]) => line ?? ''))
    .filter((lines) => lines.length > 0)
    .map((lines) => (lines.length === 1 ? lines.join('') : `${lines[0]}-${lines.at(-1)}`));
  const named = /dockerfile parse error on line (\d+)/.exec(stderr)?.[1];
  return places.length > 0 || named === undefined ? places : [named];
}
