import { once } from 'node:events';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { projectFolder } from '../../scripts/fixtures.ts';
import { run, type RunResult } from '../../scripts/process.ts';
import { cliContext } from '../../src/cli/context.ts';
import { runCommand } from '../../src/cli/run.ts';

let bundled: Promise<RunResult> | undefined;

/**
 * Runs the checkout's CLI in this very process, with an environment, a working folder and output of its own: starting
 * Node and loading the CLI for each of some thousand commands is a third of the suite's work. Steps are run by
 * the bundle's worker, as ever. Throws with its last lines when it fails, unless `allowFailure`.
 */
export async function runInProcess(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; allowFailure: boolean; input: string; signal?: AbortSignal },
): Promise<RunResult> {
  // Bundles what is newer than the bundle.
  await (bundled ??= run([join(projectFolder, 'bin/polyarch'), '--version']));
  const [stdout, stderr] = [collect(), collect()];
  const context = cliContext(
    {
      env: options.env,
      argv: [process.execPath, join(projectFolder, '.cache/cli/polyarch.js')],
      // Read, and not asked what it is.
      stdin: Readable.from([Buffer.from(options.input)]) as unknown as NodeJS.ReadStream & { fd: 0 },
      // No terminals, and nothing else is asked of them.
      stdout: stdout.stream as NodeJS.WriteStream & { fd: 1 },
      stderr: stderr.stream as NodeJS.WriteStream & { fd: 2 },
      cwd: () => options.cwd,
    },
    {
      signal: options.signal ?? new AbortController().signal,
      take: () => ({ forward: () => {}, [Symbol.dispose]: () => {} }),
    },
  );
  const code = await runCommand(args, context);
  const result = { code, stdout: await stdout.text(), stderr: await stderr.text() };
  if (code === 0 || options.allowFailure) return result;
  const last = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-20).join('\n');
  throw new Error(`polyarch ${args.join(' ')} ended with ${code}:\n${last}`);
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
