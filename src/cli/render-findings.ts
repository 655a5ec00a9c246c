import type { Finding } from '../dockerfile/lint/finding.ts';

/** The findings of a build, for its end: a line each, or with `expand` in full; '' without any. As buildx has it. */
export function renderFindings(findings: readonly Finding[], { expand }: { expand: boolean }): string {
  if (findings.length === 0) return '';
  const count = findings.length === 1 ? '1 warning' : `${findings.length} warnings`;
  const more = expand ? '' : ' (build --check, or polyarch --debug, shows them in full)';
  const several = new Set(findings.map(({ location }) => location.file)).size > 1;
  const lines = byPlace(findings).map((finding) => {
    const { rule, message, location } = finding;
    const place = several ? `${location.file}:${location.startLine}` : `line ${location.startLine}`;
    const short = ` - ${rule}: ${message} (${place})\n`;
    return expand
      ? `${short}${finding.summary}\n${advice(finding)}More info: ${finding.url}\n${finding.excerpt}\n`
      : short;
  });
  return `\n ${count} found${more}:\n${lines.join('')}`;
}

/** What a check found, in full. */
export function renderCheck(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Check complete, no warnings found.\n';
  const count = findings.length === 1 ? '1 warning has been found!' : `${findings.length} warnings have been found!`;
  const each = findings.map(
    (finding) =>
      `\nWARNING: ${finding.rule} - ${finding.url}\n${finding.message}\n${advice(finding)}${finding.excerpt}`,
  );
  return `Check complete, ${count}\n${each.join('')}`;
}

/** What to do about it. */
function advice({ mend, rewrite = [] }: Finding): string {
  const lines = rewrite.map((line) => `    ${line}\n`);
  return `hint: ${mend}${lines.length === 0 ? '' : ':'}\n${lines.join('')}`;
}

/** By file and line. */
export function byPlace(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) => a.location.file.localeCompare(b.location.file) || a.location.startLine - b.location.startLine,
  );
}
