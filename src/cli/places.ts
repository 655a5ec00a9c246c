import { ImagePlaces } from '../build/image-places.ts';
import type { CliContext } from './context.ts';
import { openWorkspace, type RegistryFlags, registryOptions } from './workspace.ts';

/** Where a command finds and puts images; nothing is opened yet. */
export function openPlaces(context: CliContext, flags: RegistryFlags): ImagePlaces {
  return new ImagePlaces({
    ...registryOptions(context, flags),
    cwd: context.cwd,
    workspace: () => openWorkspace(context, flags),
    signal: context.signal,
  });
}
