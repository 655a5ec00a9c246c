import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/*
 * The one map of the layers (docs/architecture.md): folder → folders it may import, besides itself and util.
 * A folder lists what lies directly below it; what those may import it may import too.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  util: [],
  oci: [],
  pb: [],
  content: ['oci'],
  archive: ['oci'],
  registry: ['content'],
  manifest: ['registry', 'content'],
  llb: ['pb', 'oci'],
  dockerfile: ['llb', 'oci'],
  solver: ['oci'],
  snapshot: ['archive', 'oci'],
  emulation: ['oci'],
  accel: ['snapshot', 'emulation', 'archive', 'oci'],
  executor: ['snapshot', 'emulation', 'oci'],
  worker: ['solver', 'llb', 'executor', 'accel', 'snapshot', 'archive', 'content', 'registry'],
  exporter: ['manifest', 'content', 'archive', 'snapshot', 'registry'],
  build: ['worker', 'exporter', 'dockerfile'],
  cli: ['build', 'oci'],
};

const root = resolve(import.meta.dirname, '../src');

function allowed(folder: string): Set<string> {
  const found = new Set<string>([folder, 'util']);
  const visit = (name: string) => {
    for (const below of LAYERS[name] ?? []) {
      if (found.has(below)) continue;
      found.add(below);
      visit(below);
    }
  };
  visit(folder);
  return found;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name));

/** Every relative import of a file, as a path below src/. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

describe('layers', () => {
  it('reads the source files', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(imports).length).toBeGreaterThan(20);
  });

  it('lists every folder of src/', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).filter((name) => !(name in LAYERS))).toEqual([]);
  });

  it('has imports that point down only', () => {
    const strays = files.flatMap((file) => {
      const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
      const may = folder === '' ? new Set([...Object.keys(LAYERS), '']) : allowed(folder);
      return imports(file)
        .filter((target) => !(file.endsWith('.test.ts') && target.startsWith('../test/support/')))
        .filter((target) => !may.has(target.includes('/') ? target.slice(0, target.indexOf('/')) : ''))
        .map((target) => `${file} → ${target}`);
    });
    expect(strays).toEqual([]);
  });

  it('touches the process only in cli/ and in the worker’s entry', () => {
    const outside = files.filter(
      (file) =>
        !file.startsWith('cli/') &&
        file !== 'worker/main.ts' &&
        !file.endsWith('.test.ts') &&
        /\bprocess\.(env|exit|exitCode|stdout|stderr|argv)\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(outside).toEqual([]);
  });
});
