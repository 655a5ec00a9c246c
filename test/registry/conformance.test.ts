import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { targetConformance } from '../support/store-conformance.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { registryMissing, startRegistry, type TestRegistry } from '../support/registry.ts';

const missing = registryMissing();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('Repository at docker-registry', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry.close());

  describe.each([
    ['from memory', 4 * 1024 * 1024],
    ['in chunks', 50_000],
  ])('%s', (_name, monolithicBytes) => {
    targetConformance(
      async () => {
        const client = new RegistryClient({ monolithicBytes, chunkSize: 100_000, retry: { delay: 1 } });
        const subject = client.repository(`${registry.host}/${randomUUID()}`, { actions: ['pull', 'push'] });
        return { subject, [Symbol.asyncDispose]: async () => client.close() };
      },
      { looseManifests: false },
    );
  });
});
