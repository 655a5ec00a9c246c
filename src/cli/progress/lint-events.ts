import type { Finding } from '../../dockerfile/lint/finding.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { ProgressSink } from '../../solver/progress.ts';

/**
 * Turns Dockerfiles and the findings in them into events as BuildKit sends them: a vertex for the reading of each file,
 * and warnings that belong to it.
 */
export function lintEvents(send: ProgressSink): {
  onDockerfile: (file: { readonly name: string; readonly bytes: Uint8Array }) => void;
  finding: (finding: Finding) => void;
} {
  const files = new Map<string, { readonly vertex: Digest; readonly source: Uint8Array }>();
  return {
    onDockerfile({ name, bytes }) {
      const vertex = digestOf(JSON.stringify(['dockerfile', name, digestOf(bytes)]));
      files.set(name, { vertex, source: bytes });
      const [started, text] = [Date.now(), `[internal] load build definition from ${name}`];
      send({ kind: 'vertex', digest: vertex, name: text, inputs: [], started, completed: started });
    },
    finding({ rule, message, summary, url, location }) {
      const file = files.get(location.file);
      if (file === undefined) return;
      const short = `${rule}: ${message} (line ${location.startLine})`;
      send({ kind: 'warning', level: 1, short, detail: [summary], url, location, ...file });
    },
  };
}
