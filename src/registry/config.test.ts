import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readRegistryConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'polyarch-config-'));
const file = join(folder, 'config.toml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a missing file is an empty table', async () => {
  expect(await readRegistryConfig(join(folder, 'none.toml'))).toEqual({});
});

test('every key is read, and files count from the configuration folder', async () => {
  writeFileSync(
    file,
    `[registry."Docker.io"]
mirrors = ["127.0.0.1:5000"]
[registry."r.example:5000"]
http = true
insecure = false
ca = ["ca.pem", "/etc/ca.pem"]
cert = "c.pem"
key = "k.pem"
`,
  );
  expect(await readRegistryConfig(file)).toEqual({
    'docker.io': { mirrors: ['127.0.0.1:5000'] },
    'r.example:5000': {
      http: true,
      insecure: false,
      ca: [join(folder, 'ca.pem'), '/etc/ca.pem'],
      cert: join(folder, 'c.pem'),
      key: join(folder, 'k.pem'),
    },
  });
});

test.each([
  ['an unknown key', '[registry."a"]\nmirors = []', /registry\."a"\.mirors/, 'Did you mean mirrors?'],
  ['an unknown table', '[registries]', /unknown key registries/, 'Did you mean registry?'],
  ['a wrong type', '[registry."a"]\nhttp = "yes"', /registry\."a"\.http must be true or false/, undefined],
  ['a list of the wrong things', '[registry."a"]\nca = [1]', /registry\."a"\.ca must be a string/, undefined],
  ['half a client certificate', '[registry."a"]\ncert = "x"', /both cert and key/, undefined],
  ['broken TOML', '[registry', /is no TOML/, undefined],
])('%s is refused, with the place', async (_name, text, message, hint) => {
  writeFileSync(file, text);
  await expect(readRegistryConfig(file)).rejects.toMatchObject({
    code: 'REGISTRY_CONFIG',
    message: expect.stringMatching(message),
    hint,
  });
});

test('tables of other owners are left alone when named', async () => {
  writeFileSync(file, '[build]\nx = 1\n');
  expect(await readRegistryConfig(file, { otherSections: ['build'] })).toEqual({});
});
