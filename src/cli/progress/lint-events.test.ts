import { expect, it } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import type { ProgressEvent } from '../../solver/progress.ts';
import { lintEvents } from './lint-events.ts';
import { rawJsonProgress } from './raw-json.ts';

it('writes findings as warnings of the vertex that reads their file', () => {
  const lines: string[] = [];
  const write = rawJsonProgress((text) => void lines.push(text));
  const events: ProgressEvent[] = [];
  const lint = lintEvents((event) => {
    events.push(event);
    write(event);
  });
  const bytes = Buffer.from('FROM busybox\nCMD x\n');
  lint.onDockerfile({ name: 'Dockerfile', bytes });
  lint.finding({
    rule: 'JSONArgsRecommended',
    summary: 'what it is about',
    message: 'use JSON',
    mend: 'write JSON',
    url: 'https://rules.test/json',
    location: { file: 'Dockerfile', startLine: 2, endLine: 2 },
    excerpt: '',
  });
  const [vertex, warning] = lines.map((line) => JSON.parse(line) as Record<string, unknown[]>);
  const digest = digestOf(JSON.stringify(['dockerfile', 'Dockerfile', digestOf(bytes)]));
  expect(vertex?.['vertexes']).toMatchObject([{ digest, name: '[internal] load build definition from Dockerfile' }]);
  expect(warning?.['warnings']).toEqual([
    {
      vertex: digest,
      level: 1,
      short: Buffer.from('JSONArgsRecommended: use JSON (line 2)').toString('base64'),
      detail: [Buffer.from('what it is about').toString('base64')],
      url: 'https://rules.test/json',
      sourceInfo: { filename: 'Dockerfile', data: bytes.toString('base64'), language: 'Dockerfile' },
      range: [{ start: { line: 2 }, end: { line: 2 } }],
    },
  ]);
});
