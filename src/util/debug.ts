/**
 * The debug log: off until `cli/` hands in a sink (POLYARCH_DEBUG=1 or --debug), then one line a call.
 * Arguments are built only when it is on.
 */
export type DebugSink = (scope: string, message: string) => void;

let sink: DebugSink | undefined;

export function setDebugSink(next: DebugSink | undefined): void {
  sink = next;
}

/** Whether the log is on: what is told in short then is told in full. */
export function isDebugging(): boolean {
  return sink !== undefined;
}

export function debug(scope: string, message: () => string): void {
  if (sink !== undefined) sink(scope, message());
}
