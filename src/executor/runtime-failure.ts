import { readFileSync } from 'node:fs';
import { PolyarchError } from '../util/error.ts';
import type { ExecSpec } from './executor.ts';

/** What the runtime wrote to its log file as an error; undefined when it started the program. */
export function readRuntimeError(log: string): string | undefined {
  try {
    return runtimeErrors(readFileSync(log, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The errors in a log of JSON lines, joined; undefined when there are none. */
export function runtimeErrors(text: string): string | undefined {
  const errors = text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const entry = parseEntry(line);
      return entry?.level === 'error' ? [entry.message] : [];
    });
  return errors.length === 0 ? undefined : errors.join('; ');
}

/** The error for a program that the runtime could not start. `details.exitCode` is what a shell would give. */
export function runtimeFailure(message: string, spec: ExecSpec): PolyarchError {
  const program = spec.args[0] ?? '';
  const platform = [spec.platform.os, spec.platform.architecture, spec.platform.variant].filter(Boolean).join('/');
  if (/exec format error/i.test(message)) {
    return new PolyarchError('EXEC_FORMAT', `${program} in the image is not a program for ${platform}`, {
      hint: 'check that the base image and what was copied into it are of that platform, and that a script starts with #!',
      details: { exitCode: 126 },
    });
  }
  // crun: "executable file `x` not found in $PATH"; runc: `exec: "x": executable file not found in $PATH`, "stat /x: no such file".
  if (/not found in \$PATH|(?:exec|open executable|find executable)\b.*no such file/i.test(message)) {
    return new PolyarchError('COMMAND_NOT_FOUND', `${program} is not in the image for ${platform}`, {
      hint: 'install it in an earlier step, check PATH, and for a program that is there, that its interpreter or loader is too',
      details: { exitCode: 127 },
    });
  }
  if (/(?:exec|open executable)\b.*(?:permission denied|operation not permitted)/i.test(message)) {
    return new PolyarchError('COMMAND_DENIED', `${program} in the image may not be executed by this user`, {
      hint: 'set its executable bit (COPY --chmod=755, or RUN chmod +x)',
      details: { exitCode: 126 },
    });
  }
  return new PolyarchError('RUNTIME_FAILED', `the container for ${platform} did not start: ${message}`, {
    details: { exitCode: 125 },
  });
}

/** crun and runc both log JSON objects with `msg` and `level`. */
function parseEntry(line: string): { level: string; message: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('msg' in value)) return undefined;
  return { level: 'level' in value ? String(value.level) : 'error', message: String(value.msg) };
}
