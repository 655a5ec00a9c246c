import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../scripts/fixtures.ts';
import { run } from '../scripts/process.ts';
import type { Contender } from './contender.ts';

/** The checkout's own polyarch, with a store below `folder`. */
export async function polyarchContender(options: {
  folder: string;
  mirror: string;
  /** Default `polyarch`. */
  name?: string;
  /** Flags of `build`. */
  flags?: readonly string[];
  /** The reference of packs that the store is to have. */
  packs?: string;
}): Promise<Contender> {
  const program = await polyarchProgram();
  const home = join(options.folder, options.name ?? 'polyarch');
  mkdirSync(home, { recursive: true });
  const env = {
    ...process.env,
    POLYARCH_HOME: home,
    POLYARCH_REGISTRY_MIRRORS: `docker.io=http://${options.mirror}`,
  };
  if (options.packs !== undefined) await run([...program, 'accel', 'pull', options.packs], { env });
  const version = (await run([...program, '--version'], { env })).stdout.trim();
  return {
    name: options.name ?? 'polyarch',
    version,
    build: async ({ context, platforms, push, noCache }) => {
      const output = push === undefined ? ['--output', 'type=cacheonly'] : ['--push', '-t', push];
      const cache = noCache === true ? ['--no-cache'] : [];
      const argv = ['build', '--progress', 'quiet', '--platform', platforms.join(','), ...output, ...cache];
      await run([...program, ...argv, ...(options.flags ?? []), context], { env });
    },
    prune: () => {
      rmSync(home, { recursive: true, force: true });
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** As the package runs it: bin/polyarch of a checkout would look for newer sources each time. */
export async function polyarchProgram(): Promise<readonly string[]> {
  await run([join(projectFolder, 'bin/polyarch'), '--version'], {});
  return [process.execPath, '--', join(projectFolder, '.cache/cli/polyarch.js')];
}
