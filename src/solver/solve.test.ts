import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../oci/digest.ts';
import type { ProgressEvent } from './progress.ts';
import { Solver } from './solve.ts';
import type { ContentKey, Op, ResultCache, Vertex } from './vertex.ts';

function memoryCache(): ResultCache<string> {
  const keys = new Map<Digest, Digest>();
  const results = new Map<Digest, readonly string[]>();
  const contents = new Map<string, Digest>();
  return {
    find: (key) => keys.get(key),
    load: (id) => results.get(id),
    save(id, outputs, all) {
      results.set(id, outputs);
      for (const key of all) keys.set(key, id);
    },
    alias: (key, id) => void keys.set(key, id),
    findContent: (id, output, selector) => contents.get(`${id} ${output} ${selector}`),
    saveContent: (id, output, selector, digest) => void contents.set(`${id} ${output} ${selector}`, digest),
    lock: async () => ({ [Symbol.dispose]() {} }),
  };
}

/** A step whose output is its name and its inputs; it writes down each run. */
function step(
  name: string,
  inputs: readonly Vertex<string>[],
  options: { runs: string[]; result?: string; reads?: ContentKey<string>; ignoreCache?: boolean; fail?: boolean },
): Vertex<string> {
  const op: Op<string> = {
    cacheMap: async () => ({ digest: digestOf(name), inputs: inputs.map(() => options.reads) }),
    async execute(given) {
      options.runs.push(name);
      if (options.fail === true) throw new Error(`${name} broke`);
      return [options.result ?? `${name}(${given.join(',')})`];
    },
  };
  return {
    digest: digestOf([name, ...inputs.map((input) => input.digest)].join(' ')),
    name,
    inputs: inputs.map((input) => ({ vertex: input.digest, output: 0 })),
    op,
    ...(options.ignoreCache === undefined ? {} : { ignoreCache: options.ignoreCache }),
  };
}

async function solve(cache: ResultCache<string>, vertices: readonly Vertex<string>[], events: ProgressEvent[] = []) {
  await using solver = new Solver<string>({ cache, progress: (event) => void events.push(event) });
  solver.add(vertices);
  const last = vertices.at(-1);
  if (last === undefined) throw new Error('no vertices');
  return await solver.solve({ vertex: last.digest, output: 0 });
}

const whole: ContentKey<string> = { selector: '/', digest: async (input) => digestOf(input) };

describe('solving', () => {
  it('runs a vertex that two others share once', async () => {
    const runs: string[] = [];
    const base = step('base', [], { runs });
    const left = step('left', [base], { runs });
    const right = step('right', [base], { runs });
    const top = step('top', [left, right], { runs });
    expect(await solve(memoryCache(), [base, left, right, top])).toBe('top(left(base()),right(base()))');
    expect(runs.filter((name) => name === 'base')).toHaveLength(1);
  });

  it('runs steps at once that are read one after the other', async () => {
    const runs: string[] = [];
    const gate = Promise.withResolvers<void>();
    const slow = step('slow', [], { runs });
    const first: Vertex<string> = { ...slow, op: { ...slow.op, execute: async () => (await gate.promise, ['slow']) } };
    const side = step('side', [], { runs });
    const quick: Vertex<string> = { ...side, op: { ...side.op, execute: async () => (gate.resolve(), ['side']) } };
    const below = step('below', [first], { runs, reads: whole });
    const top = step('top', [below, quick], { runs, reads: whole });
    expect(await solve(memoryCache(), [first, quick, below, top])).toBe('top(below(slow),side)');
  });

  it('runs nothing the second time and says so', async () => {
    const cache = memoryCache();
    const runs: string[] = [];
    const graph = () => {
      const base = step('base', [], { runs });
      return [base, step('top', [base], { runs })];
    };
    await solve(cache, graph());
    const events: ProgressEvent[] = [];
    await solve(cache, graph(), events);
    expect(runs).toEqual(['base', 'top']);
    expect(events.filter((event) => event.kind === 'vertex' && event.cached === true)).toHaveLength(2);
  });

  it('takes a copy from the cache when only what it reads is the same', async () => {
    const cache = memoryCache();
    const runs: string[] = [];
    for (const name of ['build one', 'build two']) {
      const build = step(name, [], { runs, result: 'the same bytes' });
      await solve(cache, [build, step('copy', [build], { runs, reads: whole })]);
    }
    expect(runs).toEqual(['build one', 'copy', 'build two']);
  });

  it('runs a step again, and what follows it, when its cache is ignored', async () => {
    const cache = memoryCache();
    const runs: string[] = [];
    for (const ignoreCache of [false, true, false]) {
      const base = step('base', [], { runs, ignoreCache });
      await solve(cache, [base, step('top', [base], { runs })]);
    }
    expect(runs).toEqual(['base', 'top', 'base', 'top']);
  });

  it('does not run what only a removed result needed', async () => {
    const cache = memoryCache();
    const runs: string[] = [];
    const graph = () => {
      const base = step('base', [], { runs });
      return [base, step('top', [base], { runs })];
    };
    await solve(cache, graph());
    const load = cache.load.bind(cache);
    const pruned: ResultCache<string> = { ...cache, load: (id) => (load(id)?.[0] === 'base()' ? undefined : load(id)) };
    await solve(pruned, graph());
    expect(runs).toEqual(['base', 'top']);
  });

  it('stops the others at the first failure and waits for them', async () => {
    const runs: string[] = [];
    let ended = false;
    const slow: Vertex<string> = {
      digest: digestOf('slow'),
      name: 'slow',
      inputs: [],
      op: {
        cacheMap: async () => ({ digest: digestOf('slow'), inputs: [] }),
        execute: (_inputs, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              ended = true;
              reject(new Error('aborted'));
            });
          }),
      },
    };
    const broken = step('broken', [], { runs, fail: true });
    await expect(solve(memoryCache(), [slow, broken, step('top', [slow, broken], { runs })])).rejects.toThrow(
      'broken broke',
    );
    expect(ended).toBe(true);
    expect(runs).toEqual(['broken']);
  });
});

describe('optional vertices', () => {
  async function solveTwo(options: { shared: 'fails' | 'works' }) {
    const runs: string[] = [];
    const shared = step('shared', [], { runs, fail: options.shared === 'fails' });
    const required = step('required', [shared], { runs });
    const broken = step('broken', [shared], { runs, fail: options.shared === 'works' });
    const after = step('after', [broken], { runs });
    await using solver = new Solver<string>({ cache: memoryCache(), progress: () => {} });
    solver.add([shared, broken, after], { optional: true });
    solver.add([shared, required]);
    const ended = await Promise.allSettled(
      [after, required].map(({ digest }) => solver.solve({ vertex: digest, output: 0 })),
    );
    return { runs, ended: ended.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))) };
  }

  it('fail what needs them, and nothing else', async () => {
    const { runs, ended } = await solveTwo({ shared: 'works' });
    expect(ended).toEqual(['Error: broken broke', 'required(shared())']);
    expect(runs.toSorted()).toEqual(['broken', 'required', 'shared']);
  });

  it('that something required needs too are required', async () => {
    const { ended } = await solveTwo({ shared: 'fails' });
    expect(ended).toEqual(['Error: shared broke', 'Error: shared broke']);
  });
});
