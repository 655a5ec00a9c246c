import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/*
 * Bundles src/ into dist/: one file a command's worth of code, so that starting the CLI reads few files.
 * Made aside and moved into place, so that a polyarch that runs meanwhile sees the old bundle or the new.
 */
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
  writeFileSync(join(made, 'stamp'), '');
  const { utimesSync } = await import('node:fs');
  utimesSync(join(made, 'stamp'), started, started);
  mkdirSync(dist, { recursive: true });
  const old = `${made}-old`;
  renameSync(dist, old);
  renameSync(made, dist);
  rmSync(old, { recursive: true, force: true });
} finally {
  rmSync(made, { recursive: true, force: true });
}
