/** Debian's order of versions (deb-version(7)): negative, zero or positive, for sorting. */
export function compareVersions(a: string, b: string): number {
  const [one, two] = [split(a), split(b)];
  return one.epoch - two.epoch || compareParts(one.upstream, two.upstream) || compareParts(one.revision, two.revision);
}

/** The version without a binary rebuild's mark `+bN`: what the source package has. */
export function sourceVersion(version: string): string {
  return version.replace(/\+b\d+$/, '');
}

/** The version without epoch and Debian's revision. */
export function upstreamVersion(version: string): string {
  return split(version).upstream;
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Text and numbers in turn; `~` sorts before the end, the end before letters, letters before all else. */
function compareParts(a: string, b: string): number {
  const [one, two] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(one.length, two.length); i += 2) {
    const text = compareText(one[i] ?? '', two[i] ?? '');
    if (text !== 0) return text;
    const [left, right] = [BigInt(one[i + 1] || 0), BigInt(two[i + 1] || 0)];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function parts(text: string): string[] {
  return [...text.matchAll(/(\D*)(\d*)/g)].flatMap(([, letters = '', digits = '']) => [letters, digits]);
}

function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = order(a[i]) - order(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function order(letter: string | undefined): number {
  if (letter === '~') return -1;
  if (letter === undefined) return 0;
  return /[a-z]/i.test(letter) ? letter.charCodeAt(0) : letter.charCodeAt(0) + 256;
}
