import type { GitEnvironment } from '../worker/sources/git-program.ts';
import type { PlatformInputs } from './platform-inputs.ts';
import type { BuildRequest } from './request.ts';
import { type SecretPlace, checkSecret, readSecret } from './secrets.ts';
import type { SshAgents } from './ssh-agents.ts';

/**
 * The build's secrets, by the keys that its graph has for them, and ssh agents, each read or started when it is first
 * asked for. Fails with SECRET_MISSING when a secret's file is not there.
 */
export function buildCredentials(
  request: Pick<BuildRequest, 'ssh'> & { inputs: readonly PlatformInputs[] },
  agents: SshAgents,
  place: SecretPlace,
): GitEnvironment {
  const all = request.inputs.flatMap(({ secrets }) => [...secrets.values()]);
  for (const { secret } of all) checkSecret(secret, place);
  const secrets = new Map(all.map(({ key, secret }) => [key, secret]));
  const ssh = new Map(request.ssh.map((input) => [input.id, input]));
  const sockets = new Map<string, Promise<string>>();
  return {
    env: place.env,
    async secret(key) {
      const secret = secrets.get(key);
      return secret === undefined ? undefined : readSecret(secret, place);
    },
    async sshSocket(id) {
      const input = ssh.get(id === '' ? 'default' : id);
      if (input === undefined) return undefined;
      const socket = sockets.get(input.id) ?? agents.socketFor(input.paths);
      sockets.set(input.id, socket);
      return socket;
    },
  };
}
