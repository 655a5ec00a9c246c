import { hasCode, PolyarchError } from '../util/error.ts';

/** Reads manifests of an image: what is wrong with one of them is told with the image's name (MANIFEST_SCHEMA1, -MEDIA_TYPE, -INVALID). */
export async function ofImage<T>(image: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const manifests = hasCode(error, 'MANIFEST_SCHEMA1', 'MANIFEST_MEDIA_TYPE', 'MANIFEST_INVALID');
    if (!manifests || !(error instanceof PolyarchError) || error.details['image'] !== undefined) throw error;
    throw new PolyarchError(error.code, `${image}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
      details: { ...error.details, image },
    });
  }
}
