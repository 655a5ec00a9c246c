/** At most `limit` bodies at a time; the others wait in order. */
export function semaphore(limit: number): <T>(body: () => Promise<T>) => Promise<T> {
  let free = Math.max(1, Math.floor(limit));
  const waiting: (() => void)[] = [];
  return async (body) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await body();
    } finally {
      // A turn that is handed on stays taken.
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
