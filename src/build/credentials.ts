import type { GitEnvironment } from '../worker/sources/git-program.ts';
import type { BuildRequest } from './request.ts';
import type { SshAgents } from './ssh-agents.ts';

/** The build's secrets and ssh agents, each read or started when it is first asked for. */
export function buildCredentials(
  request: Pick<BuildRequest, 'secrets' | 'ssh'>,
  agents: SshAgents,
  env: GitEnvironment['env'],
): GitEnvironment {
  const secrets = new Map(request.secrets.map((secret) => [secret.id, secret]));
  const ssh = new Map(request.ssh.map((input) => [input.id, input]));
  const sockets = new Map<string, Promise<string>>();
  return {
    env,
    secret: async (id) => secrets.get(id)?.read(),
    async sshSocket(id) {
      const input = ssh.get(id === '' ? 'default' : id);
      if (input === undefined) return undefined;
      const socket = sockets.get(input.id) ?? agents.socketFor(input.paths);
      sockets.set(input.id, socket);
      return socket;
    },
  };
}
