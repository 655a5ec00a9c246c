import type { ImageFilter } from '../build/images-list.ts';
import { PolyarchError } from '../util/error.ts';

/** The name of `polyarch images NAME` and its `--filter`s. */
export function imageFilter(name: string | undefined, filters: readonly string[]): ImageFilter {
  const patterns = name === undefined ? [] : [name];
  let dangling: boolean | undefined;
  for (const filter of filters) {
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(filter) ?? [];
    if (key === 'reference' && value !== '') patterns.push(value);
    else if (key === 'dangling' && /^(true|false|1|0)$/.test(value)) dangling = value === 'true' || value === '1';
    else {
      throw new PolyarchError('INVALID_ARGUMENT', `--filter ${JSON.stringify(filter)} is not understood`, {
        hint: 'for example: --filter dangling=true  or  --filter reference=app:*',
      });
    }
  }
  return { patterns, ...(dangling === undefined ? {} : { dangling }) };
}
