import { platformImages } from '../content/image-contents.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { PolyarchError } from '../util/error.ts';
import { eachPlatform } from './each-platform.ts';
import { type TestCommand, type TestSettings, testImage } from './image-test.ts';
import { pullImage } from './images-pull.ts';
import { findImage, storedImage } from './images-run.ts';
import type { Workspace } from './workspace.ts';

/** What `polyarch test` was asked for. */
export interface ImageTestRequest extends TestSettings {
  readonly image: string;
  readonly command: TestCommand;
  /** Empty: all that the image has. */
  readonly platforms: readonly Platform[];
  readonly pull: 'missing' | 'always' | 'never';
}

/** Runs a command in the image of each platform, and tells the platforms. Fails with TEST_FAILED and TEST_TIMEOUT. */
export async function testStoredImage(
  workspace: Workspace,
  request: ImageTestRequest,
  around: {
    readonly hostPlatform: Platform;
    readonly notice: (text: string) => void;
    readonly progress: ProgressSink;
    readonly signal: AbortSignal;
  },
): Promise<readonly Platform[]> {
  const { progress, signal } = around;
  const platforms = request.platforms.length > 0 ? request.platforms : await allPlatforms(workspace, request, signal);
  const { image } = request;
  // What was pulled for the list is here now.
  const pull = request.platforms.length === 0 && request.pull === 'always' ? 'missing' : request.pull;
  return eachPlatform(
    platforms,
    async (platform) => {
      const found = await findImage(workspace, { image, pull, platform }, around);
      await testImage(workspace.engine, found, { ...request, commands: [request.command], progress, signal });
      return platform;
    },
    { signal },
  );
}

async function allPlatforms(
  workspace: Workspace,
  { image, pull }: ImageTestRequest,
  signal: AbortSignal,
): Promise<readonly Platform[]> {
  const here = pull === 'always' ? undefined : storedImage(workspace, { image, pull });
  const { descriptor } = here ?? (await pullImage(workspace, image, { platforms: [], signal })).image;
  const found = platformImages(workspace.engine.content, descriptor).flatMap(({ platform }) => platform ?? []);
  const distinct = new Map(found.map((platform) => [formatPlatform(platform), platform]));
  if (distinct.size > 0) return [...distinct.values()];
  throw new PolyarchError('IMAGE_NOT_FOUND', `${image} does not say which platforms it has`, {
    hint: 'name them with --platform',
  });
}
