/** A resource scope of the distribution project's token document: `repository:library/busybox:pull,push`. */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export type Action = 'pull' | 'push' | 'delete';

export function repositoryScope(name: string, ...actions: readonly Action[]): Scope {
  return { type: 'repository', name, actions };
}

/** Parses a space-separated list of scopes; a name may hold colons (`host:port/name`), a word without any is dropped. */
export function parseScopes(text: string): Scope[] {
  return text.split(/\s+/).flatMap((word) => {
    const first = word.indexOf(':');
    const last = word.lastIndexOf(':');
    if (first < 0 || first === last) return [];
    return [
      {
        type: word.slice(0, first),
        name: word.slice(first + 1, last),
        actions: word
          .slice(last + 1)
          .split(',')
          .filter(Boolean),
      },
    ];
  });
}

/** One scope a resource, with all its actions; sorted, so that equal sets have equal texts. */
export function mergeScopes(scopes: readonly Scope[]): Scope[] {
  const merged = new Map<string, { type: string; name: string; actions: Set<string> }>();
  for (const { type, name, actions } of scopes) {
    const key = `${type}:${name}`;
    const entry = merged.get(key) ?? { type, name, actions: new Set<string>() };
    for (const action of actions) entry.actions.add(action);
    merged.set(key, entry);
  }
  return [...merged.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { type, name, actions }]) => ({ type, name, actions: [...actions].toSorted() }));
}

/** True when every action of `wanted` is in `held`. */
export function coversScopes(held: readonly Scope[], wanted: readonly Scope[]): boolean {
  return wanted.every(({ type, name, actions }) => {
    const match = held.find((scope) => scope.type === type && scope.name === name);
    return (
      match !== undefined && actions.every((action) => match.actions.includes(action) || match.actions.includes('*'))
    );
  });
}

export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(',')}`;
}
