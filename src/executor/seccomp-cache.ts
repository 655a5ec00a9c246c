import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { hasCode } from '../util/error.ts';
import type { Seccomp } from './seccomp.ts';

/** The annotation that hands crun a compiled filter, in base64; its config's own profile stays for those that ignore it. */
export const COMPILED_ANNOTATION = 'run.oci.seccomp_bpf_data';

/** OCI runtime spec, config.md "POSIX-platform Hooks". */
export interface RuntimeHook {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
}

export interface CompiledSeccomp {
  /** The compiled filter in base64, once a run has left it. */
  readonly data?: string | undefined;
  /** Else a poststart hook that keeps what crun compiles. */
  readonly hook?: RuntimeHook;
}

/** Where libseccomp lies; a newer one compiles another filter. */
const LIBRARIES = ['/usr/lib64/libseccomp.so.2', '/usr/lib/libseccomp.so.2'];
for (const triple of ['x86_64', 'aarch64', 'powerpc64le', 's390x', 'riscv64']) {
  LIBRARIES.push(`/usr/lib/${triple}-linux-gnu/libseccomp.so.2`);
}

/**
 * crun compiles the profile anew for every container, which takes longer than all the rest of it: keeps its result in
 * `folder`, once for each profile and crun, and gives it back. `bpf` is where crun will leave it during this run.
 */
export function findCompiled(
  profile: Seccomp,
  options: { readonly folder: string; readonly runtime: string; readonly bpf: string },
): CompiledSeccomp {
  const key = createHash('sha256');
  key.update(JSON.stringify(profile));
  for (const file of [options.runtime, ...LIBRARIES]) key.update(fingerprint(file));
  const file = `${options.folder}/seccomp-${key.digest('hex').slice(0, 32)}.bpf`;
  try {
    const data = readFileSync(file);
    // One instruction is 8 bytes; a filter has at least one.
    if (data.length > 0 && data.length % 8 === 0) return { data: data.toString('base64') };
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) return {};
  }
  mkdirSync(options.folder, { recursive: true });
  return {
    hook: {
      path: '/bin/sh',
      // The container's state comes on stdin: crun fails when nobody reads it.
      args: ['sh', '-c', 'cat >/dev/null; cat "$0" > "$1.$$" && mv "$1.$$" "$1"', options.bpf, file],
      env: ['PATH=/usr/bin:/bin'],
    },
  };
}

function fingerprint(file: string): string {
  try {
    const stat = statSync(file);
    return `${file} ${stat.size} ${stat.mtimeMs}\n`;
  } catch {
    return '';
  }
}
