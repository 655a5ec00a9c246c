#!/bin/sh
':' //; exec node -- "$0" "$@"
// The line above is for sh, and nothing to Node: without `--` Node would take the --env-file of polyarch run for its own.
// The package's command. Plain JavaScript that any Node can read, so that an old one gets a sentence and not a stack.
import { homedir } from 'node:os';
import * as nodeModule from 'node:module';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`polyarch needs Node 22.18 or newer; this is ${process.versions.node} (${process.execPath})\n`);
  process.exit(1);
}
// node:sqlite still calls itself experimental in these releases; nothing a person could do about it.
const warn = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes('SQLite is an experimental feature')) warn.call(process, warning, ...rest);
};
nodeModule.enableCompileCache?.(`${process.env.XDG_CACHE_HOME || `${homedir()}/.cache`}/polyarch/compile`);
if (process.argv[2] === 'worker-process') await import('./worker.js');
else await import('./cli.js');
