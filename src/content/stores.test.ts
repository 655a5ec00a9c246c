import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { DiskStore } from './blob-store.ts';
import {
  type ConformanceSubject,
  storageConformance,
  targetConformance,
} from '../../test/support/store-conformance.ts';
import { MemoryStore } from './memory-store.ts';
import { OciLayout } from './oci-layout.ts';

async function inFolder<T>(make: (folder: string) => T | Promise<T>): Promise<ConformanceSubject<T>> {
  const folder = mkdtempSync(join(tmpdir(), 'polyarch-content-'));
  return {
    subject: await make(folder),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}

describe('DiskStore', () => {
  storageConformance(() => inFolder((folder) => new DiskStore(folder)));
});

describe('MemoryStore', () => {
  targetConformance(async () => ({ subject: new MemoryStore(), [Symbol.asyncDispose]: async () => {} }));
});

describe('OciLayout', () => {
  targetConformance(() => inFolder((folder) => OciLayout.create(folder)));
});

describe('OciLayout with full references', () => {
  targetConformance(() => inFolder((folder) => OciLayout.create(folder)), {
    reference: (name) => `registry.example/demo/app:${name}`,
  });
});
