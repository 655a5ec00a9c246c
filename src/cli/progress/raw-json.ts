import type { ProgressEvent } from '../../solver/progress.ts';

/** One JSON document a line, in the shape of BuildKit's SolveStatus (`--progress=rawjson`). */
export function rawJsonProgress(write: (text: string) => void): (event: ProgressEvent) => void {
  const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return (event) => {
    switch (event.kind) {
      case 'vertex': {
        const { digest, inputs, name, started, completed, cached, error } = event;
        return write(
          `${JSON.stringify({ vertexes: [{ digest, inputs, name, started: time(started), completed: time(completed), cached, error }] })}\n`,
        );
      }
      case 'status': {
        const { id, vertex, name, current, total, started, completed } = event;
        const timestamp = time(Date.now());
        return write(
          `${JSON.stringify({ statuses: [{ id, vertex, name, total, current, timestamp, started: time(started), completed: time(completed) }] })}\n`,
        );
      }
      case 'log': {
        const { vertex, stream, data, time: at } = event;
        return write(
          `${JSON.stringify({ logs: [{ vertex, stream, data: Buffer.from(data).toString('base64'), timestamp: time(at) }] })}\n`,
        );
      }
      case 'warning': {
        const { vertex, level, short, detail, url, location, source } = event;
        const base64 = (data: string | Uint8Array) => Buffer.from(data).toString('base64');
        const warning = {
          vertex,
          level,
          short: base64(short),
          detail: detail?.map(base64),
          url,
          ...(location === undefined
            ? {}
            : {
                sourceInfo: {
                  filename: location.file,
                  ...(source === undefined ? {} : { data: base64(source) }),
                  language: 'Dockerfile',
                },
                range: [{ start: { line: location.startLine }, end: { line: location.endLine } }],
              }),
        };
        return write(`${JSON.stringify({ warnings: [warning] })}\n`);
      }
    }
  };
}
