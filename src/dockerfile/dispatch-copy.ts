import { type CopyOptions, type FileAction, file, parseOwner } from '../llb/file.ts';
import { merge } from '../llb/merge.ts';
import { joinPath } from '../llb/paths.ts';
import { type State, scratch, withOutput } from '../llb/state.ts';
import { cleanPath } from '../util/clean-path.ts';
import { digestOf } from '../oci/digest.ts';
import type { AddInstruction, CopyInstruction, Heredoc } from './ast.ts';
import { isHttp, isRemote, remoteCopy } from './dispatch-add.ts';
import { failure } from './failure.ts';
import type { Step } from './step.ts';

export interface CopyPlan {
  readonly to: string;
  readonly common: Pick<CopyOptions, 'owner' | 'mode' | 'excludePatterns'>;
  /** Of the vertex and of remote sources. */
  readonly name: string;
}

/** COPY and ADD: one file vertex with a copy for each source, on scratch and merged with `--link`. */
export function dispatchCopy(instruction: CopyInstruction | AddInstruction, step: Step): void {
  const { stage } = step;
  const chown = step.expand(instruction.chown);
  const chmod = step.expand(instruction.chmod);
  const sources = instruction.sources.map((source) => step.expand(source));
  const to = destination(stage.state.directory, step.expand(instruction.destination));
  const mode = chmod === '' ? undefined : modeOf(chmod, instruction);
  const shown = step.shown();
  const plan: CopyPlan = {
    to,
    name: step.name(shown),
    common: {
      ...(chown === '' ? {} : { owner: parseOwner(chown) }),
      ...(mode === undefined ? {} : { mode }),
      excludePatterns: instruction.exclude,
    },
  };
  const base = sourceOf(instruction, step);
  const checksum = instruction.kind === 'add' ? step.expand(instruction.checksum) : '';
  if (checksum !== '') checkChecksum(sources);
  const actions: FileAction[] = [
    ...sources.map((source) => {
      if (!isRemote(source)) return localCopy(source, { instruction, step, plan, base });
      if (instruction.kind === 'add') return remoteCopy(source, { instruction, checksum, plan });
      throw failure(`COPY takes no ${isHttp(source) ? 'URL' : 'git repository'}: ${source}`, {
        hint: 'use ADD',
        word: [source, instruction.keyword],
      });
    }),
    ...instruction.inline.map((heredoc) => inlineCopy(heredoc, { step, plan })),
  ];
  stage.state = instruction.link && chmod === '' ? linked(actions, { step, shown }) : plain(actions, { step, plan });
  const createdBy = [
    instruction.kind.toUpperCase(),
    ...(instruction.kind === 'copy' && instruction.parents ? ['--parents'] : []),
    ...(chown === '' ? [] : [`--chown=${chown}`]),
    ...(chmod === '' ? [] : [`--chmod=${chmod}`]),
    ...sources,
    ...instruction.inline.map((heredoc) => `<<${heredoc.name}`),
    step.expand(instruction.destination),
  ];
  step.commit(stage.image, `${createdBy.join(' ')} # buildkit`, { layer: true });
  notePaths(instruction, { sources, step });
}

function plain(actions: readonly FileAction[], { step, plan }: { step: Step; plan: CopyPlan }): State {
  return file(step.stage.state, actions, { ...step.vertexOptions, name: plan.name });
}

/** The files alone, then merged: so they do not depend on what is below them. */
function linked(actions: readonly FileAction[], { step, shown }: { step: Step; shown: string }): State {
  const { state } = step.stage;
  const name = step.name(shown, { same: true });
  const id = digestOf(`${name} ${step.command.instruction.location.startLine}`);
  const files = file(scratch(), actions, {
    ...step.vertexOptions,
    name,
    progressGroup: { id, name, weak: true },
  });
  const merged = merge([state, files], {
    ...step.vertexOptions,
    name: step.name(`LINK ${shown}`, { same: true }),
    progressGroup: { id, name },
  });
  return withOutput(state, merged.output);
}

interface LocalOptions {
  readonly instruction: CopyInstruction | AddInstruction;
  readonly step: Step;
  readonly plan: CopyPlan;
  readonly base: State;
}

function localCopy(source: string, { instruction, step, plan, base }: LocalOptions): FileAction {
  warnIgnored(source, { instruction, step });
  const parents = instruction.kind === 'copy' && instruction.parents;
  // With --parents, what stands before `/./` is left out of the destination.
  const pivot = source.indexOf('/./');
  const from = parents ? (pivot < 0 ? '/' : source.slice(0, pivot)) : source;
  const pattern = parents ? absolute(pivot < 0 ? source : source.slice(pivot + 3)) : undefined;
  const exact = pattern !== undefined && !/[*?[]/.test((from + pattern).replaceAll(/\\./g, ''));
  const unpack = instruction.kind === 'add' ? (instruction.unpack ?? true) : false;
  return {
    kind: 'copy',
    source: base,
    from: absolute(from),
    to: plan.to,
    ...plan.common,
    followSymlinks: true,
    contentsOnly: true,
    ...(pattern === undefined ? {} : { includePatterns: [pattern.replace(/^\//, '')] }),
    ...(pattern !== undefined && exact ? { requiredPaths: [absolute(joinPath(from, pattern))] } : {}),
    attemptUnpack: unpack,
    createDestination: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
  };
}

function inlineCopy(heredoc: Heredoc, { step, plan }: { step: Step; plan: CopyPlan }): FileAction {
  const text = heredoc.expand ? step.expand(heredoc.content, { escape: '\\', plainQuotes: true }) : heredoc.content;
  const data = new TextEncoder().encode(text);
  const source = file(scratch(), [{ kind: 'mkfile', path: heredoc.name, mode: 0o644, data }], {
    name: '[internal] preparing inline document',
  });
  return { kind: 'copy', source, from: heredoc.name, to: plan.to, ...plan.common, createDestination: true };
}

function sourceOf(instruction: CopyInstruction | AddInstruction, step: Step): State {
  if (instruction.kind === 'add' || instruction.from === '') return step.conversion.buildContext;
  const [source] = step.command.sources;
  if (source?.done === true) return source.state;
  throw failure(`COPY --from=${instruction.from}: the stage "${instruction.from}" comes only later in the file`, {
    hint: `move it above ${step.stage.shownName === '' ? 'this stage' : `"${step.stage.shownName}"`}`,
    word: `--from=${instruction.from}`,
  });
}

/** What is read, so that no more is brought in. */
function notePaths(
  instruction: CopyInstruction | AddInstruction,
  { sources, step }: { sources: readonly string[]; step: Step },
): void {
  const paths = step.command.sources[0]?.paths ?? step.stage.contextPaths;
  for (const source of sources) {
    if (instruction.kind === 'add' && isRemote(source)) continue;
    paths.add(joinPath('/', source));
  }
}

/** Absolute; a slash or `/.` at the end stays, for it says that a folder is meant. */
function destination(directory: string, path: string): string {
  if (path.startsWith('/')) return path;
  const written = path === '' || path === '.' ? './' : path;
  const joined = joinPath(directory, written);
  if (written.endsWith('/')) return joined.endsWith('/') ? joined : `${joined}/`;
  return written.endsWith('/.') ? `${joined === '/' ? '' : joined}/.` : joined;
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : joinPath('/', path);
}

/** Permission bits, or a symbolic mode as chmod takes it. */
function modeOf(text: string, instruction: CopyInstruction | AddInstruction): number | string {
  const octal = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
  if (octal !== undefined && octal <= 0o7777) return octal;
  const clause = '[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+';
  if (octal === undefined && new RegExp(`^${clause}(?:,${clause})*$`).test(text)) return text;
  throw failure(`${instruction.kind.toUpperCase()} --chmod=${text} is not a mode`, {
    hint: 'write an octal number up to 07777, or a symbolic mode such as u=rwX,go=rX',
    word: [`--chmod=${instruction.chmod}`, text],
  });
}

function checkChecksum(sources: readonly string[]): void {
  const [source = ''] = sources;
  if (sources.length !== 1) throw failure('ADD --checksum takes exactly one source', { word: '--checksum' });
  if (!isRemote(source)) {
    throw failure(`ADD --checksum is only for URLs and git repositories, not for ${source}`, {
      word: [source, '--checksum'],
    });
  }
}

function warnIgnored(source: string, { instruction, step }: Pick<LocalOptions, 'instruction' | 'step'>): void {
  const { ignored } = step.conversion;
  if (ignored === undefined || ignored.hasExceptions || step.command.sources.length > 0) return;
  const path = cleanPath(source);
  const isRoot = path === '.' || path === '/';
  if (isRoot ? !/^(?:\*|\*\*|\*\*\/\*)$/m.test(step.conversion.options.excludes?.join('\n') ?? '') : !matches()) return;
  const keyword = instruction.kind === 'add' ? 'Add' : 'Copy';
  step.report('CopyIgnoredFile', { keyword, path });

  function matches(): boolean {
    return ignored?.matches(path.replace(/^\//, '')) === true;
  }
}
