import { once } from 'node:events';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { projectFolder } from '../../scripts/fixtures.ts';
import type { RunResult } from '../../scripts/process.ts';
import { cliContext } from '../../src/cli/context.ts';
import { runCommand } from '../../src/cli/run.ts';
import type { TestEnvironment } from './environment.ts';

/**
 * Runs the checkout's CLI for an account in this very process, for tests that run hundreds of builds and do not ask
 * how the process starts and ends. Steps are run by the bundle's worker, as ever.
 */
export async function openInProcess(
  user: TestEnvironment,
): Promise<(args: readonly string[], options: { signal: AbortSignal }) => Promise<RunResult>> {
  // Bundles what is newer than the bundle.
  await user.polyarch(['--version']);
  return async (args, { signal }) => {
    const [stdout, stderr] = [collect(), collect()];
    const context = cliContext(
      {
        env: user.env,
        argv: [process.execPath, join(projectFolder, '.cache/cli/polyarch.js')],
        stdin: process.stdin,
        // No terminals, and nothing else is asked of them.
        stdout: stdout.stream as NodeJS.WriteStream & { fd: 1 },
        stderr: stderr.stream as NodeJS.WriteStream & { fd: 2 },
        cwd: () => user.folder,
      },
      { signal, take: () => ({ forward: () => {}, [Symbol.dispose]: () => {} }) },
    );
    const code = await runCommand(args, context);
    return { code, stdout: await stdout.text(), stderr: await stderr.text() };
  };
}

function collect(): { readonly stream: Writable; text(): Promise<string> } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return {
    stream,
    text: async () => {
      stream.end();
      await once(stream, 'close');
      return Buffer.concat(chunks).toString();
    },
  };
}
