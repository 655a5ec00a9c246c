import type { Agent } from 'node:http';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { basicOf } from './connections.ts';

type Done = (error: Error | null, stream: Duplex) => void;

/** An agent for HTTPS hosts behind a proxy: a CONNECT tunnel (RFC 9110 section 9.3.6) with TLS inside. */
export function tunnelingAgent(proxy: URL, options: AgentOptions & { readonly connectTimeout: number }): Agent {
  const { Agent } = process.getBuiltinModule('node:https');
  const { request } = process.getBuiltinModule(proxy.protocol === 'https:' ? 'node:https' : 'node:http');
  const tls = process.getBuiltinModule('node:tls');
  class TunnelAgent extends Agent {
    override createConnection(target: Record<string, unknown>, done?: Done): undefined {
      const authority = `${String(target['host'])}:${String(target['port'])}`;
      const finish = (error: Error | undefined, stream?: Duplex): void => {
        // Node's own agent gives no stream with an error; its type asks for one.
        done?.(error ?? null, stream as Duplex);
      };
      const connect = request({
        host: proxy.hostname,
        port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
        method: 'CONNECT',
        path: authority,
        headers: { host: authority, ...(proxy.username === '' ? {} : { 'proxy-authorization': basicOf(proxy) }) },
        agent: false,
        timeout: options.connectTimeout,
      });
      connect.on('timeout', () =>
        connect.destroy(Object.assign(new Error('timed out connecting'), { code: 'ETIMEDOUT' })),
      );
      connect.on('error', (error) => finish(error));
      connect.on('response', (response) => {
        finish(refused(proxy, response.statusCode));
        connect.destroy();
      });
      connect.on('connect', (response, socket) => {
        if (response.statusCode !== 200) {
          socket.destroy();
          finish(refused(proxy, response.statusCode));
          return;
        }
        socket.setTimeout(0);
        const secure = tls.connect({ ...options, ...target, socket });
        secure.once('error', finish);
        secure.once('secureConnect', () => {
          secure.off('error', finish);
          finish(undefined, secure);
        });
      });
      connect.end();
      return undefined;
    }
  }
  return new TunnelAgent(options);
}

function refused(proxy: URL, status: number | undefined): Error {
  return new Error(`the proxy ${proxy.host} refuses the connection (${status})`);
}
