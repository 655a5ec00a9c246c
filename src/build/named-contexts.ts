import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NamedContext, NamedContexts } from '../dockerfile/convert-options.ts';
import { parseLayout } from '../manifest/location.ts';
import { PolyarchError } from '../util/error.ts';
import { type LocalFolder, withIgnore } from './open-context.ts';

export interface NamedContextOptions {
  readonly cwd: string;
  /** Offers a folder as a local source; gives the name that it got. */
  readonly addLocal: (name: string, folder: LocalFolder) => string;
  /** Offers an OCI layout; gives its name. */
  readonly addLayout: (folder: string) => string;
  /** A stage of the same Dockerfile (`target:NAME`), a git repository, a file on the web. */
  readonly load: (value: string) => Extract<NamedContext, { kind: 'state' }>;
}

/** `--build-context NAME=VALUE`: what stands for a stage, an image or a source of that name. */
export function namedContexts(contexts: ReadonlyMap<string, string>, options: NamedContextOptions): NamedContexts {
  const found = new Map([...contexts].map(([name, value]) => [name, namedContext(name, value, options)]));
  return (name) => found.get(name) ?? found.get(name.replace(/:latest$/, '')) ?? found.get(`${name}:latest`);
}

function namedContext(name: string, value: string, options: NamedContextOptions): NamedContext {
  if (value.startsWith('docker-image://')) return { kind: 'image', reference: value.slice('docker-image://'.length) };
  if (value.startsWith('oci-layout://')) return layout(value.slice('oci-layout://'.length), options);
  if (/^(target:|https?:\/\/|git:\/\/|git@|ssh:\/\/|github\.com\/)/.test(value)) return options.load(value);
  const path = resolve(options.cwd, value);
  if (!existsSync(path)) {
    throw new PolyarchError('CONTEXT_NOT_FOUND', `--build-context ${name}=${value}: there is no folder ${path}`, {
      hint: 'a context is a folder, docker-image://REFERENCE, oci-layout://FOLDER, a URL or target:STAGE',
    });
  }
  const folder = withIgnore(path, []);
  return { kind: 'local', name: options.addLocal(`context:${name}`, folder), excludes: folder.excludes };
}

/** `oci-layout://FOLDER[:TAG][@DIGEST]` */
function layout(text: string, options: NamedContextOptions): NamedContext {
  const { folder, tag, digest } = parseLayout(text, options);
  const store = options.addLayout(folder);
  const reference = `${store}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return { kind: 'oci-layout', reference, store };
}
