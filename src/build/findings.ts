import type { Finding } from '../dockerfile/lint/finding.ts';

/** Passes on the findings of several platforms, the same one once. */
export function eachOnce(sink: ((finding: Finding) => void) | undefined): (finding: Finding) => void {
  const seen = new Set<string>();
  return (finding) => {
    const { rule, message, location } = finding;
    const key = JSON.stringify([rule, message, location.file, location.startLine]);
    if (seen.has(key)) return;
    seen.add(key);
    sink?.(finding);
  };
}
