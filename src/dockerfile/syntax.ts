import { parseReference } from '../oci/reference.ts';
import { debug } from '../util/debug.ts';
import type { PolyarchError } from '../util/error.ts';
import { failure } from './failure.ts';

/** What BUILDKIT_SYNTAX says for the frontend that is built in, whatever `# syntax=` names. */
const BUILT_IN = 'dockerfile.v0';

/** Images that hold Docker's own Dockerfile frontend. */
const DOCKERS: ReadonlySet<string> = new Set(['docker/dockerfile', 'docker/dockerfile-upstream']);

/**
 * Looks at the frontend that `# syntax=` or the build argument BUILDKIT_SYNTAX names: any version of Docker's is
 * honoured by this one, without a pull; that is said in the debug log.
 * @throws PolyarchError FRONTEND_UNSUPPORTED for another image, INVALID_REFERENCE for what is none
 */
export function checkSyntax(syntax: string, source: '# syntax' | 'BUILDKIT_SYNTAX'): void {
  // What stands behind the image is for the frontend.
  const image = syntax.split(' ', 1)[0] ?? '';
  if (source === 'BUILDKIT_SYNTAX' && image === BUILT_IN) return;
  const { domain, path } = parseReference(image);
  if (domain !== 'docker.io' || !DOCKERS.has(path)) throw unsupported(image, source);
  debug('dockerfile', () => `${source}=${syntax}: this frontend reads it, no image is pulled`);
}

function unsupported(image: string, source: string): PolyarchError {
  return failure(`${source}=${image}: polyarch runs no frontend images but has Docker's built in`, {
    code: 'FRONTEND_UNSUPPORTED',
    hint:
      'build this file with one of the BuildKit drivers (docker buildx build with docker-container, kubernetes or ' +
      'remote), or take the line away if it is an ordinary Dockerfile',
    word: image,
  });
}
