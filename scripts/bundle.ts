import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/*
 * Bundles src/ into dist/: one file a command's worth of code, so that starting the CLI reads few files.
 * Made aside and moved into place, so that a polyarch that runs meanwhile sees the old bundle or the new.
 */
/*
 * An ES import of a built-in module touches every one of its exports, getters too: node:http loads undici that way,
 * node:crypto its web cryptography, 30 ms together. Through getBuiltinModule only what is used is touched.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const made = join(root, `.dist-${process.pid}`);
const started = new Date();
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
try {
  await build({
    entryPoints: {
      cli: join(root, 'src/cli/main.ts'),
      worker: join(root, 'src/worker/main.ts'),
      index: join(root, 'src/index.ts'),
    },
    outdir: made,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    external: ['koffi'],
    plugins: [lazyBuiltins],
    define: { POLYARCH_VERSION: JSON.stringify(version) },
    chunkNames: 'chunks/[name]-[hash]',
    // Some CommonJS dependencies ask for require.
    banner: {
      js: "import { createRequire as polyarchRequire } from 'node:module'; const require = polyarchRequire(import.meta.url);",
    },
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(join(root, 'src/cli/polyarch.js'), join(made, 'polyarch.js'));
  if (process.argv.includes('--types')) {
    const tsc = join(root, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', join(root, 'tsconfig.types.json'), '--outDir', join(made, 'types')], { stdio: 'inherit' });
  }
  writeFileSync(join(made, 'stamp'), '');
  utimesSync(join(made, 'stamp'), started, started);
  mkdirSync(dist, { recursive: true });
  const old = `${made}-old`;
  renameSync(dist, old);
  renameSync(made, dist);
  rmSync(old, { recursive: true, force: true });
} finally {
  rmSync(made, { recursive: true, force: true });
}
