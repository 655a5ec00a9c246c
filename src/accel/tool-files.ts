import type { DebianArchitecture, ToolPair } from '../emulation/pairs.ts';

/** The place of a package's file without the root's and `/usr`'s name, as both merged and older systems have it. */
export function placeOf(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/^usr\//, '');
}

/** Where the foreign package has the program that a native package has at `place`. */
export function foreignPlace(
  place: string,
  { pair, foreign, native }: { pair: ToolPair; foreign: DebianArchitecture; native: DebianArchitecture },
): string {
  if (pair.native === 'cross') return place.replace(/^(lib|libexec)\/gcc-cross\//, '$1/gcc/');
  return place.replaceAll(native.gnu, foreign.gnu).replace(`/linux_${native.go}/`, `/linux_${foreign.go}/`);
}

/** Tells the foreign places of the programs of a pair that run native. */
export function toolMatcher(pair: ToolPair, foreign: DebianArchitecture): (place: string) => boolean {
  const fill = (text: string) => text.replaceAll('{gnu}', foreign.gnu).replaceAll('{go}', foreign.go);
  const programs = pair.programs.map((text) => pattern(fill(text)));
  const excepted = [...(pair.except ?? []), ...(foreign.bits === 32 ? (pair.except32 ?? []) : [])];
  const except = excepted.map((text) => pattern(fill(text)));
  return (place) => {
    const name = place.slice(place.lastIndexOf('/') + 1);
    return programs.some((one) => one.test(place)) && !except.some((one) => one.test(name));
  };
}

function pattern(text: string): RegExp {
  const escaped = text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`);
}
