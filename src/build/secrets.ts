import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PolyarchError, messageOf } from '../util/error.ts';
import type { SecretInput } from './request.ts';

export interface SecretPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Tells at once, as buildx does, of a file that is not there. Fails with SECRET_MISSING. */
export function checkSecret(secret: SecretInput, { cwd }: SecretPlace): void {
  if (!('file' in secret) || existsSync(resolve(cwd, secret.file))) return;
  throw new PolyarchError('SECRET_MISSING', `--secret id=${secret.id}: there is no file ${resolve(cwd, secret.file)}`, {
    hint: 'name a file with src=FILE, or a variable that is set with env=NAME',
  });
}

/** Fails with SECRET_MISSING. */
export async function readSecret(secret: SecretInput, { cwd, env }: SecretPlace): Promise<Uint8Array> {
  const { id } = secret;
  if ('variable' in secret) {
    const value = env[secret.variable];
    if (value !== undefined) return Buffer.from(value);
    throw new PolyarchError(
      'SECRET_MISSING',
      `the secret ${id} should come from the variable ${secret.variable}, which is not set`,
    );
  }
  return readFile(resolve(cwd, secret.file)).catch((error: unknown) => {
    const message = `the secret ${id} cannot be read from ${secret.file}: ${messageOf(error)}`;
    throw new PolyarchError('SECRET_MISSING', message, { hint: `--secret id=${id},src=FILE`, cause: error });
  });
}
