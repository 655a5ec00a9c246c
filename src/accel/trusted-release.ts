import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PolyarchError } from '../util/error.ts';
import { findProgram } from '../util/find-program.ts';
import { parseParagraph } from './deb822.ts';
import type { DebDistribution, Release } from './root-system.ts';

/** What a signed InRelease says. */
export interface TrustedRelease {
  /** sha256 of the archive's index files, by their path below the suite's folder, e.g. `main/binary-arm64/Packages.xz`. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly size: number }>;
}

/** The archives' own keys, as the distributions' keyring packages install them. A root filesystem's keys are not asked. */
const KEYRINGS: Readonly<Record<DebDistribution, { readonly file: string; readonly package: string; origin: string }>> =
  {
    debian: {
      file: '/usr/share/keyrings/debian-archive-keyring.gpg',
      package: 'debian-archive-keyring',
      origin: 'Debian',
    },
    ubuntu: { file: '/usr/share/keyrings/ubuntu-archive-keyring.gpg', package: 'ubuntu-keyring', origin: 'Ubuntu' },
  };

/** What checks signatures here. */
export interface Trust {
  readonly verifier: { readonly program: string; readonly kind: 'gpgv' | 'sqv' };
  readonly keyring: string;
}

/**
 * The verifier and the keyring of this machine for a distribution's archive.
 *
 * @throws PolyarchError ACCEL_UNAVAILABLE with what to install
 */
export function findTrust(distribution: DebDistribution, path: string | undefined): Trust {
  const keyring = KEYRINGS[distribution];
  const needed: string[] = [];
  const verifier = (['gpgv', 'sqv'] as const)
    .map((kind) => ({ kind, program: findProgram(kind, path) }))
    .find(({ program }) => program !== undefined);
  if (verifier?.program === undefined) needed.push('gpgv');
  if (!existsSync(keyring.file)) needed.push(keyring.package);
  if (verifier?.program !== undefined && needed.length === 0) {
    return { verifier: { program: verifier.program, kind: verifier.kind }, keyring: keyring.file };
  }
  throw new PolyarchError('ACCEL_UNAVAILABLE', `the signatures of ${keyring.origin}'s archive cannot be checked here`, {
    hint: `sudo apt-get install ${needed.join(' ')}`,
  });
}

/**
 * Checks an InRelease (Debian repository format, "Release" files) and gives what is signed of it: the text outside of
 * the signature does not count. It must be of that distribution and suite; its date does not count, since packages are
 * asked for by their exact versions.
 *
 * @throws PolyarchError ACCEL_UNTRUSTED
 */
export async function readTrustedRelease(
  inRelease: Uint8Array,
  options: {
    readonly trust: Trust;
    readonly release: Release<DebDistribution>;
    readonly suite: string;
    readonly name: string;
    readonly signal?: AbortSignal;
  },
): Promise<TrustedRelease> {
  const text = await verified(inRelease, options);
  const fields = parseParagraph(text);
  const { distribution } = options.release;
  const suites = [fields.get('codename'), fields.get('suite')];
  if (fields.get('origin') !== KEYRINGS[distribution].origin || !suites.includes(options.suite)) {
    throw untrusted(
      `${options.name} is signed, but is ${fields.get('origin') ?? 'nobody'}'s ${suites.join(' or ')}, not ${distribution}'s ${options.suite}`,
    );
  }
  const lines = (fields.get('sha256') ?? '').matchAll(/^([0-9a-f]{64})\s+(\d+)\s+(\S+)$/gm);
  const files = Array.from(
    lines,
    ([, sha256 = '', size, path = '']) => [path, { sha256, size: Number(size) }] as const,
  );
  return { files: new Map(files) };
}

/** The signed text, as the verifier writes it. */
async function verified(
  inRelease: Uint8Array,
  { trust, name, signal }: { readonly trust: Trust; readonly name: string; readonly signal?: AbortSignal },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-release-'));
  try {
    const [input, output] = [join(folder, 'InRelease'), join(folder, 'Release')];
    writeFileSync(input, inRelease);
    const args =
      trust.verifier.kind === 'gpgv'
        ? ['--homedir', folder, '--quiet', '--keyring', trust.keyring, '--output', output, input]
        : ['--keyring', trust.keyring, '--cleartext', '--output', output, input];
    await run(trust.verifier.program, args, { name, signal });
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(
  program: string,
  args: readonly string[],
  { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 60_000, signal }, (error, _stdout, stderr) => {
      signal?.throwIfAborted();
      if (error === null) return resolve();
      const last = stderr.trim().split('\n').at(-1) ?? '';
      reject(untrusted(`${name} has no good signature of the archive (${last === '' ? error.message : last})`));
    });
  });
}

function untrusted(message: string): PolyarchError {
  return new PolyarchError('ACCEL_UNTRUSTED', message, {
    hint: 'the mirror or something on the way to it changes files, or the keyring package is older than the release',
  });
}
