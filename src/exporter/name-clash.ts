import { PolyarchError } from '../util/error.ts';

/** Finds files of several platforms that would be one file. Fails with OUTPUT_CLASH. */
export class NameClash {
  readonly #seen = new Map<string, string>();

  add(path: string, platform: string): void {
    const other = this.#seen.get(path);
    if (other !== undefined && other !== platform) {
      throw new PolyarchError(
        'OUTPUT_CLASH',
        `${path} is in the results of ${other} and of ${platform}, and platform-split=false puts them into one folder`,
        {
          hint: 'leave platform-split=false away, or name the files after $TARGETARCH',
        },
      );
    }
    this.#seen.set(path, platform);
  }
}
