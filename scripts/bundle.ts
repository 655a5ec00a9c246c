import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/*
 * Bundles src/: one file for each command's worth of code, so that starting the CLI reads few files. With
 * --package into dist/, with types, for npm; else for bin/polyarch of this checkout into a folder of its own below .cache/, to
 * which the link .cache/cli is turned when all of it is there. A polyarch that runs meanwhile keeps the old one.
 */

/*
 * An ES import of a built-in module touches every one of its exports, getters too: node:http loads undici that way,
 * node:crypto its web cryptography, 30 ms together. So imports of our own files become
 * `const { name } = process.getBuiltinModule(…)`, which touches what is used. Libraries get an object that asks the module
 * when they use it: commander loads node:child_process for commands that are programs, of which there are none here.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule(${JSON.stringify(path)})[name] });`,
      loader: 'js',
    }));
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^import (?!type\b)([^;'"]+) from '(node:[^']+)';/gm,
        (_all, names: string, module: string) => `const ${bindings(names)} = process.getBuiltinModule('${module}');`,
      ),
      loader: 'ts',
    }));
  },
};

/** `{ a, type B, c as d }` → `{ a, c: d }`; `* as x` and `x` → `x`. */
function bindings(names: string): string {
  const list = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  if (list === undefined) return names.replace(/^\* as /, '').trim();
  const values = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  return `{ ${values.map((name) => name.replace(/ as /, ': ')).join(', ')} }`;
}

/** Milliseconds after which nothing runs from a replaced bundle any more. */
const KEPT = 6 * 3600 * 1000;

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }; // our own file

async function bundle(folder: string): Promise<void> {
  const started = new Date();
  await build({
    entryPoints: {
      cli: join(root, 'src/cli/main.ts'),
      worker: join(root, 'src/worker/main.ts'),
      index: join(root, 'src/index.ts'),
    },
    outdir: folder,
    bundle: true,
    splitting: false,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    external: ['koffi'],
    plugins: [lazyBuiltins],
    define: { POLYARCH_VERSION: JSON.stringify(version) },

    // Some CommonJS dependencies ask for require.
    banner: {
      js: "import { createRequire as polyarchRequire } from 'node:module'; const require = polyarchRequire(import.meta.url);",
    },
    minifySyntax: true,
    // A third less to read; names stay, for stacks.
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const name of ['cli.js', 'worker.js', 'index.js']) {
    // One other letter (esbuild leaves those in regular expressions), and V8 holds the whole text at two bytes a letter.
    const letter = /[^\0-\x7f]/.exec(readFileSync(join(folder, name), 'utf8'));
    if (letter !== null) throw new Error(`${name} has a ${letter[0]} at ${letter.index}: write it as \\u…`);
  }
  copyFileSync(join(root, 'src/cli/polyarch.js'), join(folder, 'polyarch.js'));
  // As old as the sources it was made of: what changed meanwhile is newer.
  writeFileSync(join(folder, 'stamp'), '');
  utimesSync(join(folder, 'stamp'), started, started);
}

async function forPackage(): Promise<void> {
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await bundle(dist);
  rmSync(join(dist, 'stamp'));
  const tsc = join(root, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', join(root, 'tsconfig.types.json'), '--outDir', join(dist, 'types')], { stdio: 'inherit' });
}

async function forCheckout(): Promise<void> {
  const cache = join(root, '.cache');
  const name = `cli-${Date.now()}-${process.pid}`;
  mkdirSync(cache, { recursive: true });
  await bundle(join(cache, name));
  const link = join(cache, `link-${process.pid}`);
  symlinkSync(name, link);
  renameSync(link, join(cache, 'cli'));
  for (const old of readdirSync(cache)) {
    if (!/^cli-\d/.test(old) || old === name) continue;
    const made = statSync(join(cache, old), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > KEPT) rmSync(join(cache, old), { recursive: true, force: true });
  }
}

await (process.argv.includes('--package') ? forPackage() : forCheckout());
