import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { MANIFEST_ACCEPT } from '../../src/oci/media-types.ts';
import type { RunResult } from '../../scripts/process.ts';
import { requireTool, testEnvironment, type TestEnvironment } from '../support/environment.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

/** Why these tests cannot run here, said once a file. */
export const missing = registryMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED indexes at registries: ${missing}\n`);

/** A file's own registries and account. */
export interface Place {
  /** `127.0.0.1:PORT`, through a proxy that counts. */
  host(): string;
  /** The same registry without the proxy. */
  plain(): string;
  /** Another registry. */
  other(): string;
  proxy(): FaultProxy;
  environment(): TestEnvironment;
  /** Runs a command; it may fail. */
  cli(...args: readonly string[]): Promise<RunResult>;
}

export function place(): Place {
  let made:
    | { registry: TestRegistry; other: TestRegistry; proxy: FaultProxy; environment: TestEnvironment }
    | undefined;
  const ready = () => {
    if (made === undefined) throw new Error('made before the tests');
    return made;
  };
  beforeAll(async () => {
    if (missing !== undefined) return;
    const [registry, other] = await Promise.all([startRegistry(), startRegistry()]);
    made = { registry, other, proxy: await startFaultProxy(registry.host), environment: testEnvironment() };
  });
  afterAll(async () => {
    if (made === undefined) return;
    made.environment[Symbol.dispose]();
    await made.proxy.close();
    await Promise.all([made.registry.close(), made.other.close()]);
  });
  return {
    host: () => ready().proxy.host,
    plain: () => ready().registry.host,
    other: () => ready().other.host,
    proxy: () => ready().proxy,
    environment: () => ready().environment,
    cli: (...args) => ready().environment.polyarch(args, { allowFailure: true }),
  };
}

/** A manifest's bytes as skopeo reads them. */
export function skopeoRaw(context: TestContext, name: string): Buffer {
  return execFileSync(requireTool(context, 'skopeo'), ['inspect', '--tls-verify=false', '--raw', `docker://${name}`]);
}

/** The digest that a tag is at; undefined where there is none. */
export async function digestAt(host: string, repository: string, tag: string): Promise<string | undefined> {
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: MANIFEST_ACCEPT.join(', ') },
  });
  return response.ok ? (response.headers.get('docker-content-digest') ?? undefined) : undefined;
}
