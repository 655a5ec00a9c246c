import { type Conversion, atPlace } from './conversion.ts';
import { type StageBuild, type StageCommand } from './convert-stages.ts';
import { dispatchConfig } from './dispatch-config.ts';
import { dispatchCopy } from './dispatch-copy.ts';
import { dispatchExpose } from './dispatch-expose.ts';
import { dispatchRun } from './dispatch-run.ts';
import { dispatchArg, dispatchEnv, dispatchUser, dispatchWorkdir } from './dispatch-state.ts';
import { Step } from './step.ts';

/** Carries out one instruction of a stage. @throws PolyarchError with its place */
export function dispatch(command: StageCommand, options: { stage: StageBuild; conversion: Conversion }): void {
  const { stage, conversion } = options;
  const { instruction } = command;
  const step = new Step(command, { stage, conversion });
  try {
    switch (instruction.kind) {
      case 'run':
        return dispatchRun(instruction, step);
      case 'copy':
      case 'add':
        return dispatchCopy(instruction, step);
      case 'workdir':
        return dispatchWorkdir(instruction, step);
      case 'env':
        return dispatchEnv(instruction, step);
      case 'arg':
        return dispatchArg(instruction, step);
      case 'user':
        return dispatchUser(instruction, step);
      case 'expose':
        return dispatchExpose(instruction, step);
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck':
      case 'label':
      case 'maintainer':
      case 'onbuild':
      case 'shell':
      case 'stopsignal':
      case 'volume':
        return dispatchConfig(instruction, step);
    }
  } catch (error) {
    throw atPlace(error, { location: instruction.location, conversion });
  }
}
