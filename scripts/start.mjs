// Starts a script of the project with the pinned Node. Plain JavaScript that any old Node reads, because it
// is what a fresh clone runs first: it installs node_modules when they are missing and then hands over.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules/node/bin/node');
const [script, ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
if (!existsSync(node) || !existsSync(join(root, 'node_modules/.package-lock.json'))) {
  console.error('node_modules is missing: npm ci');
  install('npm', []);
  // npm leaves out optional packages that say they are not for the Node it runs on, and tools that run on the pinned
  // one have such parts. So it runs again, on a copy of the pinned Node, since it begins with removing node_modules.
  if (existsSync(node) && (major < 20 || (major === 20 && minor < 19)) && process.env.npm_execpath) {
    const folder = mkdtempSync(join(tmpdir(), 'polyarch-node-'));
    const copy = join(folder, 'node');
    copyFileSync(node, copy);
    install(copy, [process.env.npm_execpath]);
    rmSync(folder, { recursive: true });
  }
}
if (!existsSync(node)) {
  console.error(
    `${node} is missing after npm ci: npm was told to skip install scripts (ignore-scripts, allow-scripts).`,
  );
  console.error('Run: npm rebuild node');
  process.exit(1);
}

function install(command, first) {
  const npm = spawnSync(command, [...first, 'ci', '--no-audit', '--no-fund'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (!npm.error && npm.status === 0) return;
  console.error(`npm ci failed${npm.error ? `: ${npm.error.message}` : ''}`);
  process.exit(npm.status || 1);
}

const child = spawn(node, [join(root, script), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
