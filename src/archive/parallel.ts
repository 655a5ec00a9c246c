/**
 * Maps in order with up to `width` calls under way. When one fails or the consumer leaves, no new call
 * starts and those under way are waited for.
 */
export async function* mapParallel<T, R>(
  source: AsyncIterable<T>,
  map: (value: T) => Promise<R>,
  options: { width: number },
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const value of source) {
      const result = map(value);
      result.catch(() => {}); // awaited below, in its turn
      running.push(result);
      if (running.length >= options.width) yield await (running.shift() ?? result);
    }
    for (let next = running.shift(); next !== undefined; next = running.shift()) yield await next;
  } finally {
    await Promise.allSettled(running);
  }
}
