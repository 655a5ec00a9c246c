import type { pullImage } from '../../build/images-pull.ts';

type Progress = NonNullable<Parameters<typeof pullImage>[2]['onProgress']>;

/** A line for each blob that went over or was there, with the beginning of its digest, as Docker's pull and push say it. */
export function transferProgress(say: (text: string) => void, done: string): Progress {
  return ({ kind, descriptor }) => {
    if (/manifest|index/.test(descriptor.mediaType) || kind === 'start' || kind === 'bytes') return;
    const id = descriptor.digest.slice(descriptor.digest.indexOf(':') + 1).slice(0, 12);
    say(`${id}: ${kind === 'exists' ? 'Already exists' : kind === 'mounted' ? 'Mounted' : done}`);
  };
}
