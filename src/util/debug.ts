/**
 * The debug log: off until `cli/` hands in a sink (POLYARCH_DEBUG=1 or --debug), then one line a call.
 * Arguments are built only when it is on.
 */
export type DebugSink = (scope: string, message: string) => void;

let sink: DebugSink | undefined;

export function setDebugSink(next: DebugSink | undefined): void {
  sink = next;
}

export function debug(scope: string, message: () => string): void {
  if (sink !== undefined) sink(scope, message());
}
