import type { AccelMode } from '../emulation/pairs.ts';
import type { ImageConfig } from '../oci/config.ts';
import { digestOf } from '../oci/digest.ts';
import { type Platform, formatPlatform } from '../oci/platform.ts';
import type { LayerChain } from '../snapshot/layer.ts';
import type { ProgressSink } from '../solver/progress.ts';
import { PolyarchError, hasCode, messageOf } from '../util/error.ts';
import type { Engine } from '../worker/engine.ts';
import { LogTail } from '../worker/ops/log-tail.ts';
import { type ImageStep, imageStep } from './image-step.ts';

/** A command that must succeed: a text for the image's shell, or the words of a program's call. */
export type TestCommand = string | readonly string[];

/** How tests are run. */
export interface TestSettings extends Pick<ImageStep, 'network' | 'extraHosts'> {
  /** The image's ENTRYPOINT stands before the command, which takes CMD's place; else it is left out. */
  readonly keepEntrypoint: boolean;
  /** Ms for each command. */
  readonly timeout: number;
  /** Native tools where the image is emulated. */
  readonly accel: AccelMode;
}

export interface TestedImage {
  readonly platform: Platform;
  readonly layers: LayerChain;
  readonly config: ImageConfig;
}

export interface TestOptions extends TestSettings {
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/**
 * A command as it is written: a JSON array of strings is a program's call, as in a Dockerfile's CMD; all else is the
 * shell's. Fails with INVALID_ARGUMENT when it is empty.
 */
export function parseTestCommand(text: string): TestCommand {
  if (text.trim() === '') throw new PolyarchError('INVALID_ARGUMENT', 'the command of a test is empty');
  return wordsOf(text) ?? text;
}

/** Runs the commands one after the other, each in a container of its own. Fails with TEST_FAILED and TEST_TIMEOUT at the first that does not end with 0. */
export async function testImage(
  engine: Engine,
  image: TestedImage,
  options: TestOptions & { readonly commands: readonly TestCommand[] },
): Promise<void> {
  const { commands } = options;
  if (commands.length === 0) return;
  await engine.unpack(image.layers, options.signal);
  for (const [i, command] of commands.entries()) {
    const name = `[${formatPlatform(image.platform)} test ${i + 1}/${commands.length}] ${shown(command)}`;
    await runTest(engine, image, { ...options, command, name });
  }
}

async function runTest(
  engine: Engine,
  image: TestedImage,
  options: TestOptions & { readonly command: TestCommand; readonly name: string },
): Promise<void> {
  const { command, name, progress, timeout, accel, signal } = options;
  const platform = formatPlatform(image.platform);
  const started = Date.now();
  const vertex = { kind: 'vertex', digest: digestOf(`test ${started} ${name}`), name, inputs: [], platform } as const;
  progress({ ...vertex, started });
  const tail = new LogTail();
  const limit = AbortSignal.timeout(timeout);
  const what = `the test ${JSON.stringify(shown(command))} on ${platform}`;
  const failed = ({ code, message, exitCode, ...rest }: Failure) => {
    const told = { platform, command: shown(command), log: tail.text() };
    const details = exitCode === undefined ? told : { ...told, exitCode };
    return new PolyarchError(code, message, { ...rest, details });
  };
  try {
    const worker = await engine.worker();
    const { exitCode } = await worker.call(
      'run',
      {
        layers: image.layers,
        spec: imageStep(image, stepOf(image, options)),
        binds: [],
        ...(accel === 'off' ? {} : { accelLevel: accel }),
      },
      {
        onEvent: ({ stream, data }) => {
          tail.add(data);
          progress({ kind: 'log', vertex: vertex.digest, stream, data, time: Date.now() });
        },
        signal: AbortSignal.any([signal, limit]),
      },
    );
    if (exitCode !== 0)
      throw failed({ code: 'TEST_FAILED', message: `${what} failed with exit status ${exitCode}`, exitCode });
    progress({ ...vertex, started, completed: Date.now() });
  } catch (error) {
    signal.throwIfAborted();
    const told = limit.aborted
      ? failed({ code: 'TEST_TIMEOUT', message: `${what} did not end within ${timeout / 1000} s`, cause: error })
      : error instanceof Error && hasCode(error, 'COMMAND_NOT_FOUND', 'COMMAND_DENIED', 'EXEC_FORMAT')
        ? failed({
            code: 'TEST_FAILED',
            message: `${what} could not start: ${error.message}`,
            cause: error,
            ...hintFor(command, error),
          })
        : error;
    progress({ ...vertex, started, completed: Date.now(), error: messageOf(told) });
    throw told;
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

function stepOf(
  { config }: TestedImage,
  { command, keepEntrypoint, ...rest }: TestSettings & { command: TestCommand },
): ImageStep {
  const shell = config.config?.Shell ?? ['/bin/sh', '-c'];
  return {
    image: 'the image',
    command: typeof command === 'string' ? [...shell, command] : command,
    ...(keepEntrypoint ? {} : { entrypoint: '' }),
    env: new Map(),
    network: rest.network,
    extraHosts: rest.extraHosts,
  };
}

function hintFor(command: TestCommand, error: Error): { hint?: string } {
  if (typeof command === 'string' && hasCode(error, 'COMMAND_NOT_FOUND'))
    return { hint: 'an image without a shell takes its command as JSON: ["/app", "--version"]' };
  return error instanceof PolyarchError && error.hint !== undefined ? { hint: error.hint } : {};
}

function shown(command: TestCommand): string {
  return typeof command === 'string' ? command : command.join(' ');
}

function wordsOf(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // `[ -f /etc/passwd ]` is a shell's.
    return undefined;
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const words: readonly unknown[] = value;
  return words.every((word) => typeof word === 'string') ? words : undefined;
}
