import { loginHost, logout } from '../../build/login.ts';
import type { CliCommand } from '../command.ts';
import { registryOptions } from '../workspace.ts';

const EXAMPLES = `
Examples:
  polyarch logout registry.example
      forget what is stored for a registry
  polyarch logout
      for Docker Hub`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('[registry]', 'HOST[:PORT] (default: Docker Hub)')
      .addHelpText('after', EXAMPLES)
      .action(async (registry: string | undefined) => {
        const host = loginHost(registry);
        const found = await logout(host, { ...registryOptions(context, {}), signal: context.signal });
        context.stdout.write(found ? `Removing login credentials for ${host}\n` : `Not logged in to ${host}\n`);
        done(0);
      });
  },
};

export default command;
