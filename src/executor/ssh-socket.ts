import { chmodSync, chownSync } from 'node:fs';
import { type Server, createConnection, createServer } from 'node:net';

/**
 * A socket of the step's own in front of an ssh agent's, so that it can have the owner and mode the mount asks for.
 * Closed when disposed of.
 */
export async function openSshSocket(
  path: string,
  options: { readonly agent: string; readonly uid: number; readonly gid: number; readonly mode: number },
): Promise<Disposable> {
  const server = createServer((client) => {
    const agent = createConnection(options.agent);
    const end = (): void => {
      client.destroy();
      agent.destroy();
    };
    client.on('error', end).on('close', end);
    agent.on('error', end).on('close', end);
    client.pipe(agent).pipe(client);
  });
  await listen(server, path);
  chmodSync(path, options.mode);
  try {
    chownSync(path, options.uid, options.gid);
  } catch {
    // Not mapped here: then no process of the step has that id.
  }
  return {
    [Symbol.dispose]: () => {
      server.close();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
