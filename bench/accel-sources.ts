import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fixturePath } from '../scripts/fixtures.ts';
import { run } from '../scripts/process.ts';
import { sourceIndexes } from '../src/accel/archive-indexes.ts';
import { suitesOf } from '../src/accel/archive-suites.ts';
import { fetchKnown } from '../src/accel/downloads.ts';
import { readRootSystem } from '../src/accel/root-system.ts';
import { findSource } from '../src/accel/source-package.ts';
import { findTrust } from '../src/accel/trusted-release.ts';

/** sqlite3's amalgamation, as the Go module that carries it has it; kept in the fixtures folder. */
export function sqliteSource(): Promise<string> {
  return kept('sqlite3.c', async (place) => {
    copyFileSync(join(await goModule('github.com/mattn/go-sqlite3@v1.14.24'), 'sqlite3-binding.c'), place);
  });
}

/** A Go program with the modules that it needs. */
export function goProgram(): Promise<string> {
  return kept('gojq-0.12.12', async (place) => {
    cpSync(await goModule('github.com/itchyny/gojq@v0.12.12'), place, { recursive: true });
    await run(['chmod', '-R', 'u+w', place], {});
    await run(['go', 'mod', 'vendor'], { cwd: place, env: { ...process.env, GOFLAGS: '-mod=mod' } });
  });
}

async function goModule(module: string): Promise<string> {
  const { stdout } = await run(['go', 'mod', 'download', '-json', module], { cwd: tmpdir() });
  // As `go help mod download` says.
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return Dir;
}

/** The original source of gzip, of trixie's signed archive. */
export function gzipSource(): Promise<string> {
  return kept('gzip.tar.xz', async (place) => {
    const release = { distribution: 'debian', codename: 'trixie' } as const;
    const host = readRootSystem('/');
    const suites = suitesOf(release, { host: host.sources, hostRelease: host.release, root: [] });
    const options = {
      release,
      trust: findTrust('debian', process.env['PATH']),
      get: async (url: string) => {
        const { body, status } = await fetch(url);
        if (body === null || status !== 200) throw new Error(`${url}: ${status}`);
        return Readable.fromWeb(body);
      },
      folder: fixturePath('bench', 'downloads'),
    };
    const indexes = await sourceIndexes(suites, options);
    const versions = findSource({ name: 'gzip', version: '' }, indexes);
    const [version = ''] = 'files' in versions ? [] : versions;
    const source = findSource({ name: 'gzip', version }, indexes);
    const files = 'files' in source ? [...source.files] : [];
    const [, file] = files.find(([name]) => name.endsWith('.orig.tar.xz')) ?? [];
    if (file === undefined) throw new Error('gzip has no original source');
    copyFileSync(await fetchKnown(file, options), place);
  });
}

async function kept(name: string, make: (place: string) => Promise<void>): Promise<string> {
  const place = fixturePath('bench', name);
  if (existsSync(place)) return place;
  mkdirSync(dirname(place), { recursive: true });
  const draft = join(mkdtempSync(`${place}.`), name);
  await make(draft);
  renameSync(draft, place);
  rmSync(dirname(draft), { recursive: true });
  return place;
}
