/** What `--progress=rawjson` said of each step, by the step's name: its output as bytes, in order. */
export function stepLogs(rawJson: string): Map<string, { readonly 1: Buffer; readonly 2: Buffer }> {
  const names = new Map<string, string>();
  const parts = new Map<string, { readonly 1: Buffer[]; readonly 2: Buffer[] }>();
  for (const line of rawJson.split('\n')) {
    if (!line.startsWith('{')) continue;
    // As src/cli/progress/raw-json.ts writes it.
    const { vertexes = [], logs = [] } = JSON.parse(line) as {
      vertexes?: { digest: string; name: string }[];
      logs?: { vertex: string; stream: 1 | 2; data: string }[];
    };
    for (const { digest, name } of vertexes) names.set(digest, name);
    for (const { vertex, stream, data } of logs) {
      const log = parts.get(vertex) ?? { 1: [], 2: [] };
      log[stream].push(Buffer.from(data, 'base64'));
      parts.set(vertex, log);
    }
  }
  const logs = [...parts].map(
    ([vertex, log]) => [names.get(vertex) ?? vertex, { 1: Buffer.concat(log[1]), 2: Buffer.concat(log[2]) }] as const,
  );
  return new Map(logs);
}

/** The output of the one step whose name holds the text. */
export function logOf(rawJson: string, text: string): { readonly 1: string; readonly 2: string } {
  const found = [...stepLogs(rawJson)].filter(([name]) => name.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} steps are named ${text}`);
  const [[, log] = ['', { 1: Buffer.of(), 2: Buffer.of() }]] = found;
  return { 1: log[1].toString(), 2: log[2].toString() };
}
