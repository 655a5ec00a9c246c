import type { AccelMode } from '../emulation/pairs.ts';
import { type Platform, formatPlatform, platformMatcher } from '../oci/platform.ts';
import { PolyarchError, hasCode } from '../util/error.ts';
import type { Bind } from '../worker/protocol.ts';
import { type LocalPlatform, localPlatform, shownName } from './images-local.ts';
import { pullImage } from './images-pull.ts';
import { type ImageStep, imageStep } from './image-step.ts';
import type { Workspace } from './workspace.ts';

/** What `polyarch run` was asked for. */
export interface RunRequest extends ImageStep {
  /** Undefined: this machine's, else the image's only one. */
  readonly platform?: Platform;
  readonly pull: 'missing' | 'always' | 'never';
  readonly binds: readonly Bind[];
  readonly readonlyRootfs: boolean;
  readonly terminal: boolean;
  /** Native tools where the image is emulated. */
  readonly accel: AccelMode;
}

export interface RunSurroundings {
  readonly hostPlatform: Platform;
  readonly notice: (text: string) => void;
  /** Told, when the process starts, how to send it a signal. */
  readonly onStart?: (send: (signal: NodeJS.Signals) => void) => void;
  readonly signal?: AbortSignal;
}

/** Runs an image's command on this process's own stdin, stdout and stderr, and gives its exit status. What it writes is lost. */
export async function runImage(workspace: Workspace, request: RunRequest, around: RunSurroundings): Promise<number> {
  const { engine } = workspace;
  const { signal } = around;
  const image = await findImage(workspace, request, around);
  const { readonlyRootfs, terminal } = request;
  const spec = { ...imageStep(image, request), readonlyRootfs, terminal, stdio: 'inherit' } as const;
  if (!platformMatcher(around.hostPlatform).match(image.platform) && request.platform === undefined) {
    around.notice(`note: ${request.image} is for ${formatPlatform(image.platform)}: it runs emulated`);
  }
  const layers = await engine.unpack(image.layers, signal);
  const worker = await engine.worker();
  around.onStart?.((name) => void worker.call('signal', { name }).catch(() => {}));
  const { accel, binds } = request;
  const { exitCode } = await worker.call(
    'run',
    { layers, spec, binds, ...(accel === 'off' ? {} : { accelLevel: accel }) },
    { ...(signal === undefined ? {} : { signal }), onEvent: ({ data }) => around.notice(Buffer.from(data).toString()) },
  );
  return exitCode;
}

/** The image of one platform, pulled when it is not here and may be. Fails with IMAGE_NOT_FOUND. */
export async function findImage(
  workspace: Workspace,
  request: Pick<RunRequest, 'image' | 'pull' | 'platform'>,
  around: Pick<RunSurroundings, 'hostPlatform' | 'notice' | 'signal'>,
): Promise<LocalPlatform> {
  const { content } = workspace.engine;
  const wanted = { platform: request.platform ?? around.hostPlatform, asked: request.platform !== undefined };
  const pull = async () => {
    const { image } = await pullImage(workspace, request.image, {
      platforms: [wanted.platform],
      ...(around.signal === undefined ? {} : { signal: around.signal }),
    });
    return localPlatform(content, image, wanted);
  };
  if (request.pull === 'always') return required(await pull(), request.image);
  const stored = storedImage(workspace, request);
  const local = stored === undefined ? undefined : localPlatform(content, stored, wanted);
  if (local !== undefined) return local;
  if (request.pull === 'never') {
    throw new PolyarchError(
      'IMAGE_NOT_FOUND',
      `${request.image} is not here for ${formatPlatform(wanted.platform)}, and --pull=never was given`,
      {
        hint: `polyarch pull --platform ${formatPlatform(wanted.platform)} ${stored === undefined ? request.image : shownName(stored)}`,
      },
    );
  }
  around.notice(`${request.image} for ${formatPlatform(wanted.platform)} is not here: pulling it`);
  return required(await pull(), request.image);
}

function required(image: LocalPlatform | undefined, name: string): LocalPlatform {
  if (image === undefined) throw new Error(`${name} was pulled, but is not whole`);
  return image;
}

/** The image of the local store; undefined when it is not there and may be pulled. */
export function storedImage(workspace: Workspace, { image, pull }: Pick<RunRequest, 'image' | 'pull'>) {
  try {
    return workspace.engine.store.resolve(image);
  } catch (error) {
    if (pull !== 'never' && hasCode(error, 'IMAGE_NOT_FOUND')) return undefined;
    throw error;
  }
}
