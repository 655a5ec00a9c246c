import { marshal } from '../llb/marshal.ts';
import { local } from '../llb/source.ts';
import { type State, stateOf, withEnv, withHostname, withNetwork, withUser, withDirectory } from '../llb/state.ts';
import { deferred } from '../llb/vertex.ts';
import { normalizePlatform } from '../oci/platform-normal.ts';
import { parsePlatform } from '../oci/platform-parse.ts';
import type { Platform } from '../oci/platform.ts';
import { PolyarchError } from '../util/error.ts';
import { patternMatcher } from '../util/patterns.ts';
import type { Dockerfile, Stage } from './ast.ts';
import { globalArgs, isPredefined, platformArgs, proxyOf } from './convert-args.ts';
import { findContext, followPaths } from './convert-context.ts';
import { resolveStages } from './convert-base.ts';
import { outlineOf } from './convert-outline.ts';
import { type StageImage, envPair, finishImage, withConfig, withDefaultPath } from './convert-image.ts';
import type { ConvertOptions, ConvertResult } from './convert-options.ts';
import { type StageBuild, StageGraph, inherit, newStage } from './convert-stages.ts';
import { type Conversion, atPlace } from './conversion.ts';
import { dispatch } from './dispatch.ts';
import { workingDirectory } from './dispatch-state.ts';
import { giveValue, noValue } from './empty-args.ts';
import { resolveEpoch } from './epoch.ts';
import { failure, locate } from './failure.ts';
import { parseCheckDirective, parseCheckOptions } from './lint/check-options.ts';
import { lintFile } from './lint/file-rules.ts';
import { Lint } from './lint/lint.ts';
import { lintPlatforms } from './lint/platform-rules.ts';
import { type ExpandedWord, expandWord } from './shell-words.ts';
import { didYouMean } from './suggest.ts';
import { checkSyntax } from './syntax.ts';

/**
 * Converts a Dockerfile to LLB for one platform, as BuildKit's dockerfile2llb does.
 *
 * @throws PolyarchError with `file:line` in its message, and `file`, `startLine`, `endLine` and `platform` in
 *   its details: FRONTEND_UNSUPPORTED, STAGE_NOT_FOUND, STAGE_CIRCULAR, DOCKERFILE_PARSE, DOCKERFILE_EXPAND, DOCKERFILE_LINT,
 *   ONBUILD_INVALID, UNKNOWN_PLATFORM, SOURCE_DATE_EPOCH_INVALID, and what the meta resolver throws
 */
export async function convertDockerfile(dockerfile: Dockerfile, options: ConvertOptions): Promise<ConvertResult> {
  const contextPaths = new Set<string>();
  const conversion = await startConversion(dockerfile, { options, contextPaths });
  const { graph, lint } = conversion;
  lint.add(dockerfile.warnings);
  lintFile(dockerfile, {
    lint,
    platformArgs: platformArgs(dockerfile, { ...options, buildArgs: conversion.buildArgs }),
  });
  for (const [index, stage] of dockerfile.stages.entries()) {
    try {
      graph.add(await openStage(stage, { index, conversion }));
    } catch (error) {
      throw atPlace(error, { location: stage.location, conversion, word: [stage.platform, stage.baseName] });
    }
  }
  const target = graph.target(options.target);
  if (typeof options.noCache === 'object') for (const name of options.noCache) graph.named(name);
  linkStages(dockerfile, conversion);
  const needed = await resolveStages(() => (options.allStages === true ? graph.stages : [target]), conversion);
  for (const stage of graph.stages) {
    if (!needed.has(stage) || stage.done) continue;
    buildStage(stage, conversion);
    for (const path of stage.contextPaths) contextPaths.add(path);
  }
  // All of the target is used.
  target.paths.add('/');
  warnUnusedArgs(conversion);
  lintPlatforms(dockerfile, { ...conversion, isNeeded: (index) => needed.has(graph.stages[index] ?? target) });
  return finish(target, { needed, conversion });
}

async function startConversion(
  dockerfile: Dockerfile,
  { options, contextPaths }: { options: ConvertOptions; contextPaths: ReadonlySet<string> },
): Promise<Conversion> {
  const given = options.buildArgs ?? new Map<string, string>();
  const syntax = given.get('BUILDKIT_SYNTAX') ?? '';
  if (syntax !== '') checkSyntax(syntax, 'BUILDKIT_SYNTAX');
  const predefined = platformArgs(dockerfile, { ...options, buildArgs: given });
  const declared = globalArgs(dockerfile, { platformArgs: predefined, buildArgs: given });
  const dated = await resolveEpoch(dockerfile, { options, buildArgs: given, globalArgs: declared });
  const { buildArgs } = dated;
  const resolve = () => (options.mainContext ?? localContext(contextPaths, options)).output;
  const excludes = options.mainContext === undefined ? (options.excludes ?? []) : [];
  return {
    dockerfile,
    options,
    buildArgs,
    globalArgs: dated.globalArgs,
    epoch: dated.epoch,
    proxy: proxyOf(buildArgs),
    lint: startLint(dockerfile, { buildArgs, onFinding: options.onFinding }),
    graph: new StageGraph(),
    buildContext: stateOf(deferred(resolve)),
    ignored: excludes.length === 0 ? undefined : patternMatcher(excludes),
    images: new Map(),
  };
}

function startLint(
  dockerfile: Dockerfile,
  { buildArgs, onFinding }: { buildArgs: ReadonlyMap<string, string>; onFinding: ConvertOptions['onFinding'] },
): Lint {
  const given = buildArgs.get('BUILDKIT_DOCKERFILE_CHECK');
  const line = Math.max(1, dockerfile.lines.findIndex((text) => /^\s*#\s*check\s*=/i.test(text)) + 1);
  const location = { file: dockerfile.filename, startLine: line, endLine: line };
  try {
    const options = given === undefined ? parseCheckDirective(dockerfile.directives.check) : parseCheckOptions(given);
    const lint = new Lint(options, { lines: dockerfile.lines, onFinding });
    lint.checkNames(options, { location });
    return lint;
  } catch (error) {
    throw given === undefined ? locate(error, { location, lines: dockerfile.lines }) : error;
  }
}

function localContext(paths: ReadonlySet<string>, options: ConvertOptions): State {
  return local('context', {
    name: '[internal] load build context',
    followPaths: followPaths(paths),
    excludePatterns: options.excludes ?? [],
    sharedKeyHint: 'context',
    ...(options.session === undefined ? {} : { session: options.session }),
  });
}

async function openStage(
  stage: Stage,
  { index, conversion }: { index: number; conversion: Conversion },
): Promise<StageBuild> {
  const { options, graph } = conversion;
  const { result: baseName, matched, unmatched } = expandFrom(stage.baseName, { stage, conversion });
  const emptyArgs = [...matched, ...unmatched].filter((key) => (conversion.globalArgs.get(key) ?? '') === '');
  if (baseName === '') {
    throw failure(`the base of the stage, ${stage.baseName}, is empty${noValue(emptyArgs)}`, {
      hint: giveValue(emptyArgs),
      word: stage.baseName,
    });
  }
  const own = stage.platform === '' ? undefined : platformOf(stage, conversion);
  const platform = own?.platform;
  const { location, sourceCode, name } = stage;
  const common = {
    name,
    baseName,
    location,
    sourceCode,
    comments: stage.from.comments,
    usedArgs: [...matched, ...(own?.matched ?? [])],
    emptyArgs,
    ...(platform === undefined ? {} : { platform }),
  };
  if (name !== '') {
    const context = await findContext(name, { conversion, platform: platform ?? options.targetPlatform });
    if (context !== undefined) return newStage({ ...common, context });
  }
  const { noCache = false } = options;
  const ignoreCache =
    typeof noCache === 'boolean' ? noCache : noCache.some((one) => one.toLowerCase() === name.toLowerCase());
  const created = newStage({ ...common, ignoreCache });
  if (name === '') created.shownName = `stage-${index}`;
  const counted = stage.instructions.filter(({ kind }) => /^(?:add|copy|run|workdir)$/.test(kind)).length;
  const hasImage = baseName !== 'scratch' && graph.byName(baseName) === undefined;
  created.commandCount = counted + (hasImage ? 1 : 0);
  return created;
}

function expandFrom(word: string, { stage, conversion }: { stage: Stage; conversion: Conversion }): ExpandedWord {
  const { globalArgs: env, dockerfile, lint } = conversion;
  const { escape } = dockerfile.directives;
  const expanded = expandWord(word, (name) => env.get(name), { escape });
  const declared = new Set([...env.keys(), ...dockerfile.metaArgs.flatMap(({ args }) => args.map(({ key }) => key))]);
  for (const name of expanded.unmatched) {
    if (declared.has(name)) continue;
    const near = didYouMean(name, [...declared]);
    lint.report('UndefinedArgInFrom', { name, near }, stage.from);
  }
  return expanded;
}

function platformOf(stage: Stage, conversion: Conversion): { platform: Platform; matched: readonly string[] } {
  const { lint, globalArgs: env } = conversion;
  const { result, matched, unmatched } = expandFrom(stage.platform, { stage, conversion });
  if (result === '') throw failure(`the platform of the stage, ${stage.platform}, is empty`, { word: stage.platform });
  const platform = parsePlatform(result, { allowUnknown: true, local: conversion.options.buildPlatform });
  const isTarget = matched.length === 1 && matched[0] === 'TARGETPLATFORM' && unmatched.length === 0;
  if (isTarget && result === env.get('TARGETPLATFORM')) {
    lint.report('RedundantTargetPlatform', { platform: stage.platform }, stage.from);
  }
  const isConstant = matched.length === 0 && unmatched.length === 0;
  const isNamed = [platform.os, platform.architecture].some((part) => stage.name.includes(part));
  if (isConstant && !isNamed) {
    lint.report('FromPlatformFlagConstDisallowed', { platform: result }, stage.from);
  }
  return { platform, matched };
}

/** Finds what each stage copies and mounts from. */
function linkStages(dockerfile: Dockerfile, conversion: Conversion): void {
  const { graph } = conversion;
  for (const [index, { instructions }] of dockerfile.stages.entries()) {
    const stage = graph.stages[index];
    if (stage === undefined || stage.context !== undefined) continue;
    stage.commands = instructions.map((instruction) => {
      try {
        return graph.command(instruction, { stage });
      } catch (error) {
        throw atPlace(error, { location: instruction.location, conversion });
      }
    });
  }
  const circle = graph.circle();
  if (circle !== undefined) {
    const names = circle.stages.map((stage) => stage.shownName);
    const error = new PolyarchError('STAGE_CIRCULAR', `stages need one another: ${names.join(' → ')}`, {
      hint: 'let a stage copy only from stages above it',
    });
    throw atPlace(error, {
      location: circle.instruction.location,
      also: circle.others.map(({ location }) => location),
      conversion,
      word: [circle.stages.at(-1)?.name ?? '', '--from'],
    });
  }
  const [only] = graph.stages;
  // As BuildKit, which takes a mount from nowhere for a second stage.
  const mounts = only?.commands.some(({ instruction }) => instruction.kind === 'run' && instruction.mounts.length > 0);
  if (only !== undefined && graph.stages.length === 1 && mounts !== true) only.shownName = '';
}

function buildStage(stage: StageBuild, conversion: Conversion): void {
  const { options } = conversion;
  inherit(stage);
  stage.done = true;
  stage.platform ??= options.targetPlatform;
  stage.image = withDefaultPath(stage.image, stage.platform);
  const { Env: env = [], WorkingDir: directory = '', User: user = '' } = stage.image.config;
  let { state } = stage;
  for (const entry of env) state = withEnv(state, ...envPair(entry));
  const hostname = conversion.buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') || options.hostname || '';
  if (hostname !== '') state = withHostname(state, hostname);
  if (directory !== '') {
    const absolute = workingDirectory(directory, directory);
    stage.image = withConfig(stage.image, { WorkingDir: absolute });
    state = withDirectory(state, absolute);
  }
  if (user !== '') state = withUser(state, user);
  stage.state = withNetwork(state, options.network ?? 'default');
  for (const command of stage.commands) {
    try {
      dispatch(command, { stage, conversion });
    } catch (error) {
      // It may be for want of the base's variables.
      if (!stage.baseUnknown || !command.instruction.original.includes('$')) throw error;
    }
  }
}

/** Arguments that no stage and no FROM declares are most likely a slip of the pen. */
function warnUnusedArgs({ dockerfile, buildArgs, lint, graph }: Conversion): void {
  const declared = new Set(dockerfile.metaArgs.flatMap(({ args }) => args.map(({ key }) => key)));
  for (const { commands } of graph.stages) {
    for (const { instruction } of commands) {
      if (instruction.kind === 'arg') for (const { key } of instruction.args) declared.add(key);
    }
  }
  const location = { file: dockerfile.filename, startLine: 1, endLine: 1 };
  for (const name of buildArgs.keys()) {
    if (declared.has(name) || isPredefined(name)) continue;
    lint.report('UnusedBuildArg', { name, near: didYouMean(name, [...declared]) }, { location });
  }
}

function finish(
  target: StageBuild,
  { needed, conversion }: { needed: ReadonlySet<StageBuild>; conversion: Conversion },
): ConvertResult {
  const { options, graph, epoch } = conversion;
  options.signal?.throwIfAborted();
  const labels = { ...target.image.config.Labels, ...Object.fromEntries(options.labels ?? []) };
  const labelled = withConfig(target.image, { Labels: labels });
  const platform = normalizePlatform(finalPlatform(labelled, options));
  const definition = marshal(target.state, { platform: options.targetPlatform });
  const ignoresCache = [...definition.metadata.values()].some((metadata) => metadata.ignoreCache === true);
  return {
    definition,
    lines: conversion.dockerfile.lines,
    state: target.state,
    config: finishImage({ ...labelled, platform }),
    platform,
    basePlatform: target.image.platform,
    warnings: conversion.lint.finish(),
    outline: () => outlineOf(target, conversion),
    usedStages: graph.stages
      .filter((stage) => needed.has(stage) && !stage.unregistered)
      .map((stage) => stage.shownName),
    images: [...conversion.images.values()],
    ignoresCache,
    ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
  };
}

/** What is asked for, with what only the base's config knows. */
function finalPlatform(image: StageImage, options: ConvertOptions): Platform {
  const { platform: found } = image;
  const { targetPlatform: wanted, implicitPlatform = false } = options;
  if (implicitPlatform && found.os !== '' && found.architecture !== '') return found;
  const same = wanted.os === found.os && wanted.architecture === found.architecture;
  return same ? { ...found, ...wanted } : wanted;
}
