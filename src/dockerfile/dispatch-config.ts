import type {
  CmdInstruction,
  EntrypointInstruction,
  HealthcheckInstruction,
  LabelInstruction,
  MaintainerInstruction,
  OnbuildInstruction,
  ShellInstruction,
  StopsignalInstruction,
  VolumeInstruction,
} from './ast.ts';
import { goDuration, goList, goQuoteList } from './convert-format.ts';
import { shellCommand, withConfig } from './convert-image.ts';
import { failure } from './failure.ts';
import type { Step } from './step.ts';
import { didYouMean } from './suggest.ts';

type ConfigInstruction =
  | CmdInstruction
  | EntrypointInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | ShellInstruction
  | StopsignalInstruction
  | VolumeInstruction;

/** Instructions that only change the image's config. */
export function dispatchConfig(instruction: ConfigInstruction, step: Step): void {
  const { image } = step.stage;
  switch (instruction.kind) {
    case 'cmd':
      return dispatchCmd(instruction, step);
    case 'entrypoint':
      return dispatchEntrypoint(instruction, step);
    case 'healthcheck':
      return dispatchHealthcheck(instruction, step);
    case 'label':
      return dispatchLabel(instruction, step);
    case 'maintainer':
      return step.commit({ ...image, author: instruction.maintainer }, `MAINTAINER ${instruction.maintainer}`);
    case 'onbuild':
      step.stage.image = withConfig(image, { OnBuild: [...(image.config.OnBuild ?? []), instruction.trigger] });
      return;
    case 'shell':
      return step.commit(withConfig(image, { Shell: instruction.shell }), `SHELL ${goList(instruction.shell)}`);
    case 'stopsignal':
      return dispatchStopsignal(instruction, step);
    case 'volume':
      return dispatchVolume(instruction, step);
  }
}

function dispatchCmd(instruction: CmdInstruction, step: Step): void {
  warnSecond(instruction, step);
  const args = commandOf(instruction, step);
  step.commit(withConfig(step.stage.image, { Cmd: args, ArgsEscaped: true }), `CMD ${goQuoteList(args)}`);
}

/** A base's CMD is dropped, as it was meant for the base's ENTRYPOINT. */
function dispatchEntrypoint(instruction: EntrypointInstruction, step: Step): void {
  warnSecond(instruction, step);
  const args = commandOf(instruction, step);
  const { image, single } = step.stage;
  const next = withConfig(image, { Entrypoint: args, ...(single.has('cmd') ? {} : { Cmd: [] }) });
  step.commit(next, `ENTRYPOINT ${goQuoteList(args)}`);
}

function commandOf(instruction: CmdInstruction | EntrypointInstruction, step: Step): readonly string[] {
  const { form, args } = instruction.command;
  if (form === 'exec') return args;
  const { image } = step.stage;
  if ((image.config.Shell ?? []).length === 0) {
    step.report('JSONArgsRecommended', { keyword: instruction.keyword });
  }
  return shellCommand(image, args);
}

function dispatchHealthcheck(instruction: HealthcheckInstruction, step: Step): void {
  warnSecond(instruction, step);
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction;
  const check = {
    ...(test.length === 0 ? {} : { Test: test }),
    ...(interval === 0 ? {} : { Interval: interval }),
    ...(timeout === 0 ? {} : { Timeout: timeout }),
    ...(startPeriod === 0 ? {} : { StartPeriod: startPeriod }),
    ...(startInterval === 0 ? {} : { StartInterval: startInterval }),
    ...(retries === 0 ? {} : { Retries: retries }),
  };
  const fields = [
    `Test:${goList(test)}`,
    `Interval:${goDuration(interval)}`,
    `Timeout:${goDuration(timeout)}`,
    `StartPeriod:${goDuration(startPeriod)}`,
    `StartInterval:${goDuration(startInterval)}`,
    `Retries:${retries}`,
  ];
  step.commit(withConfig(step.stage.image, { Healthcheck: check }), `HEALTHCHECK {${fields.join(' ')}}`);
}

function dispatchLabel(instruction: LabelInstruction, step: Step): void {
  const { image } = step.stage;
  const labels: Record<string, string> = { ...image.config.Labels };
  let createdBy = 'LABEL';
  for (const pair of instruction.pairs) {
    if (pair.legacy) step.report('LegacyKeyValueFormat', { keyword: instruction.keyword });
    const key = step.expand(pair.key);
    const value = step.expand(pair.value);
    labels[key] = value;
    createdBy += ` ${key}=${value}`;
  }
  step.commit(withConfig(image, { Labels: labels }), createdBy);
}

function dispatchVolume(instruction: VolumeInstruction, step: Step): void {
  const { image } = step.stage;
  const volumes = instruction.volumes.map((volume) => step.expand(volume));
  if (volumes.includes('')) throw failure('VOLUME takes no empty path', { word: instruction.volumes });
  const all = { ...image.config.Volumes, ...Object.fromEntries(volumes.map((volume) => [volume, {}])) };
  step.commit(withConfig(image, { Volumes: all }), `VOLUME ${goList(volumes)}`);
}

const SIGNALS = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
);
const REALTIME = /^RT(?:MIN\+(?:[1-9]|1[0-5])|MAX-(?:[1-9]|1[0-4]))$/;

function dispatchStopsignal(instruction: StopsignalInstruction, step: Step): void {
  const signal = step.expand(instruction.signal);
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const known = /^[+-]?\d+$/.test(signal) ? Number(signal) !== 0 : SIGNALS.has(name) || REALTIME.test(name);
  if (!known)
    throw failure(`STOPSIGNAL ${signal}: there is no such signal${nearestSignal(name)}`, {
      hint: 'write a name or a number, for instance SIGTERM',
      word: instruction.signal,
    });
  step.commit(withConfig(step.stage.image, { StopSignal: signal }), `STOPSIGNAL ${signal}`);
}

function nearestSignal(name: string): string {
  if (/^\d*$/.test(name)) return '';
  const known = [...SIGNALS].map((signal) => `SIG${signal}`);
  return didYouMean(`SIG${name}`, known);
}

function warnSecond(instruction: CmdInstruction | EntrypointInstruction | HealthcheckInstruction, step: Step): void {
  const { single } = step.stage;
  const before = single.get(instruction.kind);
  if (before !== undefined) {
    const { comments, keyword } = instruction;
    // At the one that has no effect; skipped by a comment above either.
    const place = { location: before.location, comments: [...comments, ...before.comments] };
    step.conversion.lint.report('MultipleInstructionsDisallowed', { keyword }, place);
  }
  single.set(instruction.kind, instruction);
}
