import type { CopyProgress } from '../content/copy-graph.ts';
import type { StoredImage } from '../content/image-store.ts';
import { pushGraph } from '../exporter/push-image.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { parseReference, repositoryName } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import { requiredPlatform, shownName } from './images-local.ts';
import { wholeImage } from './images-source.ts';
import type { Workspace } from './workspace.ts';

export interface PushOptions {
  /** Push only this platform's image, without the index. */
  readonly platform?: Platform;
  /** Told the repository, once the image is found. */
  readonly onStart?: (repository: string) => void;
  readonly onProgress?: (event: CopyProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Pushed {
  /** In full, with its tag. */
  readonly name: string;
  readonly root: Descriptor;
}

/** Pushes a local image under its name, with all platforms of its index. Nothing moves the tag before all of it is there. Fails with CONTENT_MISSING. */
export async function pushStored(workspace: Workspace, text: string, options: PushOptions): Promise<Pushed> {
  const { engine } = workspace;
  const image = engine.store.resolve(text);
  const name = pushName(image, text);
  const root =
    options.platform === undefined
      ? image.descriptor
      : requiredPlatform(engine.content, image, options.platform).manifest;
  options.onStart?.(repositoryName(parseReference(name)));
  const abortable = { signal: options.signal };
  const whole = await wholeImage(workspace, image, { root, ...abortable });
  await pushGraph(
    { source: whole.source, root },
    [name],
    {
      byDigest: false,
      insecure: false,
      origins: ({ digest }) => whole.origins(digest),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    },
    { registry: (registry) => workspace.registry(registry), step: (_name, body) => body(), ...abortable },
  );
  engine.images.noteOrigins(repositoryName(parseReference(name)), whole.all);
  return { name, root };
}

/** An image is pushed to where its name says; an id is no name. */
function pushName(image: StoredImage, text: string): string {
  if (!isDigest(image.name) && !/^(sha256:)?[a-f0-9]{4,64}$/.test(text)) return image.name;
  throw new PolyarchError('TAG_REQUIRED', `${text} is an id: there is no name to push it to`, {
    hint: `polyarch tag ${text} REGISTRY/NAME:TAG, then push that`,
    details: { image: shownName(image) },
  });
}
