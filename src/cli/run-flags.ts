import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PolyarchError, messageOf } from '../util/error.ts';
import type { RunRequest } from '../build/images-run.ts';
import { systemError } from '../util/system-error.ts';
import { keyValues } from './build-flags.ts';
import type { CliContext } from './context.ts';
import { renderError } from './render-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `SOURCE:TARGET[:ro|rw]`; SOURCE is a path of this machine, relative to `cwd`, that must be there. */
export function parseVolume(text: string, cwd: string): RunRequest['binds'][number] {
  const [source = '', target = '', mode = 'rw', ...rest] = text.split(':');
  const options = mode.split(',');
  const example = { hint: 'for example: -v ./data:/data:ro' };
  const fail = (why: string) =>
    new PolyarchError('INVALID_ARGUMENT', `--volume ${JSON.stringify(text)}: ${why}`, example);
  if (source === '' || target === '' || rest.length > 0) throw fail('it is not SOURCE:TARGET[:ro]');
  if (!target.startsWith('/')) throw fail(`the target ${target} is not an absolute path`);
  for (const option of options)
    if (!['ro', 'rw', 'z', 'Z', 'rprivate', 'private'].includes(option)) throw fail(`there is no option ${option}`);
  if (!source.includes('/') && source !== '.' && source !== '..' && !existsSync(resolve(cwd, source))) {
    throw fail('there are no named volumes: give a path');
  }
  const path = resolve(cwd, source);
  if (!existsSync(path))
    throw new PolyarchError('NOT_FOUND', `--volume ${JSON.stringify(text)}: ${path} does not exist`, {
      hint: `mkdir -p ${path}`,
    });
  return { source: path, target, readonly: options.includes('ro') };
}

/** `--pull`. Fails with INVALID_ARGUMENT. */
export function pullMode(text: string): RunRequest['pull'] {
  if (text === 'missing' || text === 'always' || text === 'never') return text;
  throw new PolyarchError('INVALID_ARGUMENT', `--pull ${JSON.stringify(text)} is none of missing, always, never`);
}

/** What `--env-file` and `--env` set, the latter last. */
export function runEnvironment(
  files: readonly string[],
  given: readonly string[],
  { cwd, env }: { cwd: string; env: Env },
): Map<string, string> {
  const lines = files.flatMap((file) => readEnvFile(resolve(cwd, file)));
  return new Map([...keyValues('--env-file', lines, env), ...keyValues('--env', given, env)]);
}

/** Docker's format: NAME=VALUE or NAME a line, no quoting; lines that begin with # and empty ones do not count. */
function readEnvFile(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .map((line) => line.trimStart())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new PolyarchError('NOT_FOUND', `--env-file: cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** The exit status of a run that did not come about, as Docker has it: 126 and 127 of the program, 125 of all else. */
export function containerStatus(error: unknown, context: CliContext): number {
  if (context.signal.aborted) throw error;
  context.notice(renderError(systemError(error, context.home)));
  const code = error instanceof PolyarchError ? error.details['exitCode'] : undefined;
  return code === 126 || code === 127 ? code : 125;
}
