import { type RunMount, run } from '../llb/exec.ts';
import { file } from '../llb/file.ts';
import { joinPath } from '../llb/paths.ts';
import { scratch } from '../llb/state.ts';
import type { Heredoc, RunInstruction } from './ast.ts';
import type { Env } from './convert-args.ts';
import { shellCommand } from './convert-image.ts';
import type { StageBuild } from './convert-stages.ts';
import { type StepMounts, mountsOf } from './dispatch-mounts.ts';
import { failure } from './failure.ts';
import { chompHeredoc, parseHeredocWord } from './heredoc.ts';
import type { Step } from './step.ts';

export function dispatchRun(instruction: RunInstruction, step: Step): void {
  const { stage, conversion } = step;
  const { options } = conversion;
  // A command may read anything.
  stage.paths.add('/');
  const script = scriptOf(instruction, step);
  const args = instruction.command.form === 'shell' ? shellCommand(stage.image, script.args) : script.args;
  if (args.length === 0)
    throw failure('RUN has no command', {
      hint: 'write RUN ["program", "argument"]',
      word: instruction.keyword,
    });
  const { mounts, secrets, ssh } = mountsOf(instruction, step);
  noteMounts(instruction, { stage, secrets, ssh });
  const masked = new Map(step.env);
  for (const { env } of secrets) if (env !== undefined) masked.set(env, '****');
  const text = instruction.original + script.summary;
  const shown = step.shown({ text, env: masked, words: { rawQuotes: true, skipUnset: true } });
  const shm: RunMount[] =
    (options.shmSize ?? 0) > 0 ? [{ kind: 'tmpfs', target: '/dev/shm', size: options.shmSize ?? 0 }] : [];
  stage.state = run(stage.state, {
    ...step.vertexOptions,
    name: step.name(shown, { platform: stage.state.platform }),
    description: { 'com.docker.dockerfile.v1.command': instruction.original },
    args,
    mounts: [...script.mounts, ...mounts, ...shm],
    secrets,
    ssh,
    insecure: instruction.security === 'insecure',
    ...(instruction.network === 'default' ? {} : { network: instruction.network }),
    ...(conversion.proxy === undefined ? {} : { proxy: conversion.proxy }),
    extraHosts: options.extraHosts ?? [],
    ulimits: options.ulimits ?? [],
    cgroupParent: options.cgroupParent ?? '',
    devices: instruction.devices.map(({ name, required }) => ({ name, optional: !required })),
  });
  step.commit(stage.image, `RUN ${withArgs(args, stage, step.env)} # buildkit`, { layer: true });
}

/** What the step asks of the person who builds. */
function noteMounts(
  { location }: RunInstruction,
  { stage, secrets, ssh }: Pick<StepMounts, 'secrets' | 'ssh'> & { stage: StageBuild },
): void {
  for (const { id, optional } of secrets) {
    if (!stage.outline.secrets.has(id)) stage.outline.secrets.set(id, { name: id, required: !optional, location });
  }
  for (const { id, optional } of ssh) {
    const name = id === '' ? 'default' : id;
    if (!stage.outline.ssh.has(name)) stage.outline.ssh.set(name, { name, required: !optional, location });
  }
}

interface Script {
  readonly args: readonly string[];
  readonly mounts: readonly RunMount[];
  /** Added to the name that progress shows. */
  readonly summary: string;
}

/**
 * The command with its heredocs: one that is the whole command is given to the shell, or, when it begins with
 * `#!`, mounted and run as a program; others are left to the shell.
 */
function scriptOf(instruction: RunInstruction, step: Step): Script {
  const { heredocs, command } = instruction;
  const [first] = heredocs;
  const line = command.args[0] ?? '';
  if (first === undefined) return { args: command.args, mounts: [], summary: '' };
  if (parseHeredocWord(line) === undefined) {
    const text = line + heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
    return { args: [text], mounts: [], summary: '' };
  }
  const content = first.chomp ? chompHeredoc(first.content) : first.content;
  const summary = ` (${summarize(first)})`;
  if (step.stage.image.platform.os === 'windows' || !content.startsWith('#!')) {
    return { args: [content], mounts: [], summary };
  }
  const target = '/dev/pipes/';
  const source = file(
    scratch(),
    [{ kind: 'mkfile', path: first.name, mode: 0o755, data: new TextEncoder().encode(content) }],
    { name: '[internal] preparing inline document' },
  );
  const mount: RunMount = { kind: 'bind', target, source, selector: '/', readonly: true };
  return { args: [joinPath(target, first.name)], mounts: [mount], summary };
}

function summarize({ content }: Heredoc): string {
  const [first = '', ...more] = content.trim().split(/\r?\n/);
  return more.length > 0 ? `${first}...` : first;
}

/** The command as history shows it: `|1 NAME=value /bin/sh -c …` with the stage's build arguments. */
function withArgs(args: readonly string[], stage: StageBuild, env: Env): string {
  const values = new Map(stage.args.map(({ key, value }) => [key, env.get(key) ?? value ?? '']));
  const shown = [...values].map(([key, value]) => `${key}=${value}`);
  return [...(shown.length === 0 ? [] : [`|${shown.length}`, ...shown]), ...args].join(' ');
}
