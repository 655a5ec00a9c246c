import type { SetTag } from '../manifest/publish.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { CliContext } from './context.ts';
import { columns } from './format.ts';

/** What became of tags: on stdout a line for each, and a word on stderr when nothing was to be done. */
export function reportTags(root: Descriptor, tags: readonly SetTag[], context: CliContext): void {
  context.stdout.write(
    columns(
      tags.map(({ target, tag, moved }) => [`${target.name}:${tag}`, root.digest, moved ? 'moved' : 'unchanged']),
    ),
  );
  if (tags.every(({ moved }) => !moved)) context.notice('nothing to do: every tag is there already');
}
