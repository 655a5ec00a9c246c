import { type FileAction, file, parseOwner } from '../llb/file.ts';
import { joinPath } from '../llb/paths.ts';
import { withDirectory, withEnv, withUser } from '../llb/state.ts';
import type { ArgInstruction, EnvInstruction, UserInstruction, WorkdirInstruction } from './ast.ts';
import { withConfig, withImageEnv } from './convert-image.ts';
import { defined } from './convert-outline.ts';
import { looksSecret } from './lint/secret-name.ts';
import { NOT_IN_ENV, type Step } from './step.ts';

/** Instructions that change how later steps of the stage run. */

export function dispatchWorkdir(instruction: WorkdirInstruction, step: Step): void {
  const { stage } = step;
  const path = step.expand(instruction.path);
  if (!stage.workdirSet && !path.startsWith('/')) {
    step.report('WorkdirRelativePath', { path });
  }
  stage.workdirSet = true;
  const directory = workingDirectory(stage.image.config.WorkingDir ?? '', path);
  const user = stage.image.config.User ?? '';
  stage.state = withDirectory(stage.state, directory);
  if (directory !== '/') {
    const { epoch } = step.conversion;
    const action: FileAction = {
      kind: 'mkdir',
      path: directory,
      mode: 0o755,
      parents: true,
      ...(user === '' ? {} : { owner: parseOwner(user) }),
      ...(epoch === undefined ? {} : { timestamp: epoch * 1000 }),
    };
    const name = step.name(step.shown());
    stage.state = file(stage.state, [action], { name, location: instruction.location });
  }
  const image = withConfig(stage.image, { WorkingDir: directory });
  step.commit(image, `WORKDIR ${directory}`, { layer: directory !== '/' });
}

/** A relative path is below the current directory; an absolute one stays as it is written, and so does the current one. */
export function workingDirectory(current: string, path: string): string {
  const parent = current.startsWith('/') ? current : joinPath('/', current);
  if (path === '') return parent;
  return path.startsWith('/') ? path : joinPath(parent, path);
}

export function dispatchEnv(instruction: EnvInstruction, step: Step): void {
  const { stage } = step;
  let { image } = stage;
  let createdBy = 'ENV';
  for (const pair of instruction.pairs) {
    if (pair.legacy) step.report('LegacyKeyValueFormat', { keyword: instruction.keyword });
    const key = step.expand(pair.key);
    const value = step.expand(pair.value);
    warnSecret('ENV', key, step);
    createdBy += ` ${key}=${value}`;
    stage.state = withEnv(stage.state, key, value);
    image = withImageEnv(image, key, value);
  }
  step.commit(image, createdBy);
}

/** A build argument's value goes before the default; without either, an argument of the global scope counts. */
export function dispatchArg(instruction: ArgInstruction, step: Step): void {
  const { stage, conversion } = step;
  const shown: string[] = [];
  for (const { key, value: fallback, comment: description } of instruction.args) {
    warnSecret('ARG', key, step);
    // Arguments of one instruction see those before them.
    const given = conversion.buildArgs.get(key);
    const inherited = given === undefined && fallback === undefined && conversion.globalArgs.has(key);
    const word = () => (fallback === undefined ? conversion.globalArgs.get(key) : step.now().expand(fallback));
    const value = given ?? word();
    if (value !== undefined && !NOT_IN_ENV.has(key)) stage.state = withEnv(stage.state, key, value);
    stage.args = [...stage.args, value === undefined ? { key } : { key, value }];
    stage.outline.usedArgs.add(key);
    if (!inherited) {
      stage.outline.args.set(key, { name: key, location: instruction.location, ...defined({ value, description }) });
    }
    shown.push(value === undefined ? key : `${key}=${value}`);
  }
  step.commit(stage.image, `ARG ${shown.join(' ')}`);
}

export function dispatchUser(instruction: UserInstruction, step: Step): void {
  const { stage } = step;
  const user = step.expand(instruction.user);
  stage.state = withUser(stage.state, user);
  step.commit(withConfig(stage.image, { User: user }), `USER ${user}`);
}

function warnSecret(keyword: string, name: string, step: Step): void {
  if (!looksSecret(name)) return;
  step.report('SecretsUsedInArgOrEnv', { keyword, name });
}
