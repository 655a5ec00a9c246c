import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** One command: its flags, and what it does. The module is loaded only when the command is asked for. */
export interface CliCommand {
  /** Adds arguments, options and examples, and an action that calls `done` with the exit status. */
  define(command: Command, context: CliContext, done: (status: number) => void): void;
}

/** An entry of the list of commands; kept apart from the commands so that help loads none of them. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<CliCommand>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  build: {
    summary: 'Build an image for one or more platforms',
    load: async () => (await import('./commands/build.ts')).default,
  },
  plan: {
    summary: 'Tell how a build’s steps would run, and what would be faster',
    load: async () => (await import('./commands/plan.ts')).default,
  },
  run: {
    summary: 'Run an image’s command, emulated where needed',
    load: async () => (await import('./commands/run.ts')).default,
  },
  test: {
    summary: 'Run a command in an image of every platform',
    load: async () => (await import('./commands/test.ts')).default,
  },
  images: {
    summary: 'List the local images and their platforms',
    load: async () => (await import('./commands/images.ts')).default,
  },
  inspect: {
    summary: 'Describe local images',
    load: async () => (await import('./commands/inspect.ts')).default,
  },
  tag: {
    summary: 'Give an image another name',
    load: async () => (await import('./commands/tag.ts')).default,
  },
  rmi: {
    summary: 'Remove images',
    load: async () => (await import('./commands/rmi.ts')).default,
  },
  pull: {
    summary: 'Fetch images with all or some of their platforms',
    load: async () => (await import('./commands/pull.ts')).default,
  },
  push: {
    summary: 'Push a local image with all its platforms',
    load: async () => (await import('./commands/push.ts')).default,
  },
  copy: {
    summary: 'Copy images between registries, OCI layouts and archives',
    load: async () => (await import('./commands/copy.ts')).default,
  },
  save: {
    summary: 'Write images into an archive',
    load: async () => (await import('./commands/save.ts')).default,
  },
  load: {
    summary: 'Load images from an archive or an OCI layout',
    load: async () => (await import('./commands/load.ts')).default,
  },
  tags: {
    summary: 'List and remove the tags of a repository',
    load: async () => (await import('./commands/tags.ts')).default,
  },
  login: {
    summary: 'Log in to a registry',
    load: async () => (await import('./commands/login.ts')).default,
  },
  logout: {
    summary: 'Forget the credentials for a registry',
    load: async () => (await import('./commands/logout.ts')).default,
  },
  readme: {
    summary: 'Set a Docker Hub repository’s page',
    load: async () => (await import('./commands/readme.ts')).default,
  },
  merge: {
    summary: 'Join images built on several machines into one index',
    load: async () => (await import('./commands/merge.ts')).default,
  },
  promote: {
    summary: 'Give an image other tags, its digest unchanged',
    load: async () => (await import('./commands/promote.ts')).default,
  },
  manifest: {
    summary: 'Put an index together step by step, and push it',
    load: async () => (await import('./commands/manifest.ts')).default,
  },
  imagetools: {
    summary: 'Make and inspect indexes of images at registries',
    load: async () => (await import('./commands/imagetools.ts')).default,
  },
  du: {
    summary: 'Show what takes space',
    load: async () => (await import('./commands/du.ts')).default,
  },
  prune: {
    summary: 'Remove what no local image needs, or old tags of a repository',
    load: async () => (await import('./commands/prune.ts')).default,
  },
  accel: {
    summary: 'List, make and remove packs of native tools for emulated steps',
    load: async () => (await import('./commands/accel.ts')).default,
  },
  platforms: {
    summary: 'Show the names of platforms and how this machine runs them',
    load: async () => (await import('./commands/platforms.ts')).default,
  },
  version: {
    summary: 'Show the version',
    load: async () => (await import('./commands/version.ts')).default,
  },
};
