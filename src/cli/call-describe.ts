import { columns } from './format.ts';

/** What `--call` can ask for, by BuildKit's names of the requests. */
const REQUESTS: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'outline', description: 'What may be set when the target is built' },
  { name: 'targets', description: 'The stages that can be built' },
  { name: 'lint', description: 'Mistakes in the Dockerfile' },
  { name: 'subrequests.describe', description: 'This list' },
];
const VERSION = '1.0.0';

/** The requests in buildx's table. */
export function describeText(): string {
  return columns([
    ['NAME', 'VERSION', 'DESCRIPTION'],
    ...REQUESTS.map(({ name, description }) => [name, VERSION, description]),
  ]);
}

/** The requests in the shape of BuildKit's frontend.subrequests.describe (frontend/subrequests/types.go). */
export function describeJson(): string {
  const metadata = [
    { name: 'result.json', description: '' },
    { name: 'result.txt', description: '' },
  ];
  const requests = REQUESTS.map(({ name, description }) => ({
    name: `frontend.${name}`,
    version: VERSION,
    type: 'rpc',
    description,
    opts: null,
    inputs: null,
    metadata,
    refs: null,
  }));
  return `${JSON.stringify(requests, undefined, 2)}\n`;
}
