import { array, digest, object, record, type Shape, size, string } from './shape.ts';

const platformShape: Shape = object(
  { os: string, architecture: string },
  { variant: string, 'os.version': string, 'os.features': array(string) },
);

/** OCI image spec, descriptor.md. */
export const descriptorShape: Shape = object(
  { mediaType: string, digest, size },
  {
    urls: array(string),
    annotations: record(string),
    data: string,
    artifactType: string,
    platform: platformShape,
  },
);
