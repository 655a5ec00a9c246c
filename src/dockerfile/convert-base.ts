import { image } from '../llb/source.ts';
import { scratch, withPlatform } from '../llb/state.ts';
import { normalizePlatform } from '../oci/platform-normal.ts';
import { formatPlatformFull } from '../oci/platform-parse.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { PolyarchError, messageOf } from '../util/error.ts';
import { type Conversion, atPlace } from './conversion.ts';
import { findContext, loadContext, resolveImage } from './convert-context.ts';
import { type StageImage, emptyImage, imageOf } from './convert-image.ts';
import { vertexName } from './convert-name.ts';
import { type StageBuild, inherit } from './convert-stages.ts';
import { giveValue, noValue } from './empty-args.ts';
import { parseTrigger } from './parse.ts';
import { didYouMean } from './suggest.ts';

const NO_ENV: ReadonlyMap<string, string> = new Map();

/**
 * Resolves the base images of all that the targets need, and reads their ONBUILD triggers, which may need
 * more. Gives the stages that are needed.
 */
export async function resolveStages(
  targets: () => readonly StageBuild[],
  conversion: Conversion,
): Promise<ReadonlySet<StageBuild>> {
  const { graph } = conversion;
  for (;;) {
    const needed = graph.reachable(targets());
    const open = graph.stages.filter((stage) => needed.has(stage) && stage.base === undefined && !stage.resolved);
    await Promise.all(open.map((stage) => resolveBase(stage, conversion)));
    let more = false;
    for (const stage of graph.stages) if (needed.has(stage) && readTriggers(stage, conversion)) more = true;
    if (!more) return graph.reachable(targets());
  }
}

async function resolveBase(stage: StageBuild, conversion: Conversion): Promise<void> {
  stage.resolved = true;
  try {
    if (stage.context !== undefined) await useContext(stage, conversion);
    else if (stage.baseName === 'scratch') useScratch(stage, conversion);
    else await useImage(stage, conversion);
  } catch (error) {
    throw atPlace(error, { location: stage.location, conversion, word: stage.baseName });
  }
  if (stage.unregistered) stage.done = true;
}

/** The context in place of the whole stage. */
async function useContext(stage: StageBuild, conversion: Conversion): Promise<void> {
  if (stage.context === undefined) return;
  const platform = stage.platform ?? conversion.options.targetPlatform;
  const { state, config } = await loadContext(stage.context, {
    conversion,
    platform,
    name: stage.name,
    paths: () => stage.paths,
  });
  stage.done = true;
  stage.state = state;
  if (config === undefined) return;
  stage.image = imageOf(config);
  const found = stage.image.platform;
  if (found.os !== '' && found.architecture !== '') stage.platform = found;
}

function useScratch(stage: StageBuild, conversion: Conversion): void {
  const { targetPlatform } = conversion.options;
  stage.state = scratch();
  stage.image = emptyImage(targetPlatform);
  stage.platform = targetPlatform;
}

async function useImage(stage: StageBuild, conversion: Conversion): Promise<void> {
  const { targetPlatform, multiPlatform = false, resolveMode = 'default' } = conversion.options;
  const platform = stage.platform ?? targetPlatform;
  const context = await findContext(stage.baseName, { conversion, platform });
  if (context !== undefined) {
    const paths = () => stage.paths;
    const loaded = await loadContext(context, { conversion, platform, name: stage.baseName, paths });
    stage.image = loaded.config === undefined ? emptyImage(platform) : imageOf(loaded.config);
    stage.state = withPlatform(loaded.state, platform);
    stage.platform = platform;
    return;
  }
  const resolved = await resolveNamed(stage, { conversion, platform });
  if (resolved === undefined) return useUnknown(stage, platform);
  stage.image = imageOf(resolved.config);
  stage.platform =
    stage.platform === undefined && conversion.options.implicitPlatform === true
      ? detectPlatform(stage.image, { target: platform, build: conversion.options.buildPlatform })
      : platform;
  if (isEmpty(stage.image)) {
    stage.state = scratch();
    return;
  }
  const name = vertexName(stage, `FROM ${resolved.reference}`, {
    multiPlatform,
    platform: stage.platform,
    env: NO_ENV,
  });
  stage.state = image(resolved.reference, {
    platform: stage.platform,
    resolveMode,
    name,
    description: { 'com.docker.dockerfile.v1.command': stage.sourceCode },
    location: stage.location,
  });
  warnPlatform(stage, conversion);
}

async function resolveNamed(
  stage: StageBuild,
  options: { conversion: Conversion; platform: Platform },
): Promise<Awaited<ReturnType<typeof resolveImage>> | undefined> {
  const { graph } = options.conversion;
  const { onUnknownBase } = options.conversion.options;
  try {
    const resolved = await resolveImage(stage.baseName, options);
    const { digest } = resolved;
    return { ...resolved, reference: formatReference({ ...parseReference(resolved.reference), digest }) };
  } catch (error) {
    if (!(error instanceof PolyarchError)) throw error;
    if (onUnknownBase !== undefined && UNANSWERED.has(error.code)) {
      onUnknownBase(stage.baseName, error);
      return undefined;
    }
    if (error.code === 'INVALID_REFERENCE' && stage.emptyArgs.length > 0) {
      throw new PolyarchError(error.code, error.message + noValue(stage.emptyArgs), {
        hint: giveValue(stage.emptyArgs),
        cause: error,
        details: error.details,
      });
    }
    const near = didYouMean(stage.baseName, [...graph.names(), ...COMMON_IMAGES]);
    const mistaken = error.code === 'NOT_FOUND' || error.code === 'INVALID_REFERENCE' || UNANSWERED.has(error.code);
    if (near === '' || !mistaken) throw error;
    throw new PolyarchError(error.code, error.message + near, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
      details: error.details,
    });
  }
}

const COMMON_IMAGES = ['alpine', 'busybox', 'debian', 'fedora', 'golang', 'node', 'python', 'ubuntu'];

/** Codes of a question that got no answer, in contrast to the answer that there is no such image. */
const UNANSWERED: ReadonlySet<string> = new Set([
  'REGISTRY_UNREACHABLE',
  'TOO_MANY_REQUESTS',
  'UNAUTHORIZED',
  'DENIED',
]);

function useUnknown(stage: StageBuild, platform: Platform): void {
  stage.baseUnknown = true;
  stage.image = emptyImage(platform);
  stage.platform = platform;
  stage.state = image(formatReference(parseReference(stage.baseName)), { platform });
}

function isEmpty(image: StageImage): boolean {
  return image.rootfs.diff_ids.length === 0 && image.history.every((entry) => entry.empty_layer === true);
}

function detectPlatform(image: StageImage, options: { target: Platform; build: Platform }): Platform {
  const { target, build } = options;
  const same = (one: Platform) => one.os === image.platform.os && one.architecture === image.platform.architecture;
  return !same(target) && same(build) ? build : target;
}

function warnPlatform(stage: StageBuild, conversion: Conversion): void {
  const { platform: wanted, image: found } = stage;
  if (wanted === undefined) return;
  if (wanted.os === found.platform.os && wanted.architecture === found.platform.architecture) return;
  const [actual, expected] = [found.platform, wanted].map((one) => formatPlatformFull(normalizePlatform(one)));
  const values = { image: stage.baseName, actual: actual ?? '', expected: expected ?? '' };
  conversion.lint.report('InvalidBaseImagePlatform', values, { location: stage.location, comments: stage.comments });
}

/** True when triggers bring in stages or images that are not resolved yet. */
function readTriggers(stage: StageBuild, conversion: Conversion): boolean {
  if (stage.triggersRead || stage.context !== undefined || stage.unregistered) return false;
  stage.triggersRead = true;
  const own = stage.base === undefined ? (stage.image.config.OnBuild ?? []) : [];
  const inherited = (stage.base?.commands ?? []).flatMap(({ instruction }) =>
    instruction.kind === 'onbuild' ? [instruction.trigger] : [],
  );
  inherit(stage);
  const { OnBuild: _, ...config } = stage.image.config;
  stage.image = { ...stage.image, config };
  const triggers = [...own, ...inherited].map((trigger) => {
    try {
      const instruction = { ...parseTrigger(trigger), location: stage.location };
      return conversion.graph.command(instruction, { stage, isTrigger: true });
    } catch (error) {
      const message = `the ONBUILD trigger "${trigger}" of ${stage.baseName} cannot be used: ${messageOf(error)}`;
      const invalid = new PolyarchError('ONBUILD_INVALID', message, { cause: error });
      throw atPlace(invalid, { location: stage.location, conversion, word: stage.baseName });
    }
  });
  stage.commands = [...triggers, ...stage.commands];
  stage.commandCount += triggers.length;
  return triggers.some(({ sources }) => sources.some((source) => source !== undefined));
}
