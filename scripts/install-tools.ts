import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, run } from './process.ts';

interface Tool {
  /** Programs of which one must be there, or absolute paths of files. */
  readonly any: readonly string[];
  /** Debian and Ubuntu packages, the first that the archive has is taken. */
  readonly packages: readonly string[];
}

/** Everything that scripts and tests may need, by the name they ask for it. */
const tools = {
  crun: { any: ['crun', 'runc'], packages: ['crun'] },
  newuidmap: { any: ['newuidmap'], packages: ['uidmap'] },
  qemu: { any: ['qemu-aarch64-static', 'qemu-aarch64'], packages: ['qemu-user-static', 'qemu-user'] },
  registry: { any: ['docker-registry', 'registry'], packages: ['docker-registry'] },
  keyring: {
    any: ['/usr/share/keyrings/debian-archive-keyring.gpg'],
    packages: ['debian-archive-keyring'],
  },
  debootstrap: { any: ['debootstrap'], packages: ['debootstrap'] },
  xz: { any: ['xz'], packages: ['xz-utils'] },
  bzip2: { any: ['bzip2'], packages: ['bzip2'] },
  git: { any: ['git'], packages: ['git'] },
  openssl: { any: ['openssl'], packages: ['openssl'] },
  ssh: { any: ['ssh-agent'], packages: ['openssh-client'] },
  zstd: { any: ['zstd'], packages: ['zstd'] },
  skopeo: { any: ['skopeo'], packages: ['skopeo'] },
  umoci: { any: ['umoci'], packages: ['umoci'] },
  podman: { any: ['podman'], packages: ['podman'] },
  buildah: { any: ['buildah'], packages: ['buildah'] },
  dockerd: { any: ['dockerd'], packages: ['docker.io'] },
  docker: { any: ['docker'], packages: ['docker-cli', 'docker.io'] },
  iptables: { any: ['iptables'], packages: ['iptables'] },
  strace: { any: ['strace'], packages: ['strace'] },
  hyperfine: { any: ['hyperfine'], packages: ['hyperfine'] },
  go: { any: ['go', '/usr/local/go/bin/go'], packages: ['golang-go'] },
} as const satisfies Readonly<Record<string, Tool>>;

export type ToolName = keyof typeof tools;

/** What each entry point needs; the rest of a set is only missed by the tests that use it. */
export const toolSets = {
  bases: ['registry', 'keyring'],
  demo: ['crun', 'newuidmap', 'qemu', 'registry', 'keyring'],
  test: [
    ...([
      'crun',
      'newuidmap',
      'qemu',
      'registry',
      'keyring',
      'debootstrap',
      'xz',
      'bzip2',
      'git',
      'openssl',
      'ssh',
      'zstd',
    ] as const),
    ...(['skopeo', 'umoci', 'podman', 'dockerd', 'docker', 'iptables', 'strace', 'go'] as const),
  ],
  bench: ['crun', 'newuidmap', 'qemu', 'registry', 'keyring', 'buildah', 'go'],
} as const satisfies Readonly<Record<string, readonly ToolName[]>>;

/** The path of a tool's program or file, when it is installed. */
export function findTool(name: ToolName): string | undefined {
  for (const one of tools[name].any) {
    const found = one.startsWith('/') ? (existsSync(one) ? one : undefined) : findProgram(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The command that installs a tool. */
export function installCommand(names: readonly ToolName[]): string {
  return `apt-get install --no-install-recommends ${names.map((name) => tools[name].packages[0]).join(' ')}`;
}

/** A machine on which tools are missing that this process may not install. */
export class ToolsMissing extends Error {}

/**
 * Installs what is missing of a set, through apt, as root on Debian or Ubuntu. Recommended packages are left
 * out, among them the one that would register QEMU with the host's kernel, and no service is started.
 * Throws `ToolsMissing` with the command to run where it may not install.
 */
export async function installTools(
  names: readonly ToolName[],
  options: { log?: (line: string) => void } = {},
): Promise<void> {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return;
  const command = installCommand(missing);
  if (findProgram('apt-get') === undefined)
    throw new ToolsMissing(
      `missing: ${missing.join(', ')}; this is no Debian or Ubuntu, where it would be: ${command}`,
    );
  if (process.getuid?.() !== 0)
    throw new ToolsMissing(`missing: ${missing.join(', ')}; this is not root, so please run: sudo ${command}`);
  options.log?.(`installing ${missing.join(', ')}: ${command}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = async (packages: readonly string[]): Promise<boolean> => {
    const argv = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages];
    return (await run(argv, { env, allowFailure: true })).code === 0;
  };
  using _quiet = noServices();
  if (await install(missing.map((name) => tools[name].packages[0]))) return;
  await run(['apt-get', 'update', '-q'], { env });
  const failed: ToolName[] = [];
  for (const name of missing) {
    let done = false;
    for (const alternative of tools[name].packages) done ||= await install([alternative]);
    if (!done) failed.push(name);
  }
  if (failed.length > 0)
    throw new ToolsMissing(`apt could not install ${failed.join(', ')}: ${installCommand(failed)}`);
}

/** While held, Debian's maintainer scripts start no service (invoke-rc.d asks policy-rc.d). */
function noServices(): Disposable {
  const policy = '/usr/sbin/policy-rc.d';
  const text = '#!/bin/sh\n# polyarch: no service is started while its tools are installed\nexit 101\n';
  if (!existsSync(policy)) writeFileSync(policy, text, { mode: 0o755 });
  return {
    [Symbol.dispose]: () => {
      if (existsSync(policy) && readFileSync(policy, 'utf8') === text) rmSync(policy);
    },
  };
}

if (import.meta.main) {
  const set = process.argv[2] ?? 'test';
  if (!(set in toolSets)) {
    console.error(`usage: install-tools.ts ${Object.keys(toolSets).join('|')}`);
    process.exit(2);
  }
  // Checked by the line above.
  const names = toolSets[set as keyof typeof toolSets];
  try {
    await installTools(names, { log: (line) => console.error(line) });
    for (const name of names) console.log(`${name}: ${findTool(name) ?? 'missing'}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = error instanceof ToolsMissing ? 3 : 1;
  }
}
