import { execFile } from 'node:child_process';
import type { ArchitectureRecord } from './architectures.ts';

/** The version of a QEMU, e.g. `7.2.22`; undefined when it does not say. Runs it once. */
export function emulatorVersion(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, ['--version'], { timeout: 5000 }, (_error, stdout) => {
      resolve(/version (\d[\w.]*)/.exec(stdout)?.[1]);
    });
  });
}

/**
 * The environment that gives an emulator of that version a better CPU. QEMU takes the variables away from the program
 * it starts; so programs started by that one have the default CPU again.
 */
export function emulatorEnv(record: ArchitectureRecord, version: string | undefined): readonly string[] {
  const { cpu } = record;
  const major = Number.parseInt(version ?? '', 10);
  if (cpu === undefined || !(major >= cpu.from && major < cpu.until)) return [];
  return [`QEMU_CPU=${cpu.model}`, 'QEMU_UNSET_ENV=QEMU_CPU,QEMU_UNSET_ENV'];
}
