import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseReference } from '../oci/reference.ts';
import { PolyarchError } from '../util/error.ts';
import { parseAnnotations } from './annotations.ts';
import type { ImageOutput, OutputSpec } from './output-spec.ts';

/**
 * Finds what makes an output impossible before anything is built. Fails with TAG_REQUIRED, INVALID_OUTPUT,
 * INVALID_ANNOTATION, INVALID_REFERENCE.
 */
export function checkOutputs(
  outputs: readonly OutputSpec[],
  { tags, annotations, cwd }: { tags: readonly string[]; annotations: readonly string[]; cwd: string },
): void {
  parseAnnotations(annotations);
  for (const tag of tags) checkName(tag);
  for (const output of outputs) {
    if ('format' in output) {
      parseAnnotations(output.format.annotations);
      for (const name of output.names) checkName(name);
    }
    if (output.kind === 'image' && output.push) checkPush(output, [...output.names, ...tags]);
    if ('destination' in output) checkDestination(output, cwd);
  }
}

function checkName(name: string): void {
  if (parseReference(name).digest === undefined) return;
  throw new PolyarchError('INVALID_REFERENCE', `${name} cannot be given to an image: a digest comes of what is built`, {
    hint: 'name it NAME[:TAG]',
  });
}

function checkPush(output: ImageOutput, names: readonly string[]): void {
  if (names.length === 0) {
    throw new PolyarchError('TAG_REQUIRED', 'there is no name to push the image to', {
      hint: 'add -t REGISTRY/NAME[:TAG], or name= in --output',
    });
  }
  const tagged = output.pushByDigest ? names.find((name) => parseReference(name, { defaultTag: null }).tag) : undefined;
  if (tagged !== undefined) {
    throw new PolyarchError('INVALID_OUTPUT', `push-by-digest=true sets no tag, but ${tagged} has one`, {
      hint: 'leave the tag away, or push-by-digest',
    });
  }
}

function checkDestination(
  { kind, destination, ...output }: Extract<OutputSpec, { destination?: string }>,
  cwd: string,
): void {
  if (destination === undefined || destination === '-') return;
  const found = statSync(resolve(cwd, destination), { throwIfNoEntry: false });
  if (found === undefined) return;
  const folder = kind === 'local' || ('tar' in output && !output.tar);
  if (folder === found.isDirectory()) return;
  // A pipe or a device is a fine place for an archive.
  throw new PolyarchError(
    'INVALID_OUTPUT',
    folder
      ? `type=${kind} writes a folder, but ${destination} is a file`
      : `type=${kind} writes a file, but ${destination} is a folder`,
    folder || kind === 'tar' ? {} : { hint: 'add tar=false to write an OCI layout folder, or name a file in it' },
  );
}
