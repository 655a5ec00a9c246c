import { convertDockerfile } from '../../src/dockerfile/convert.ts';
import type { ConvertOptions, ConvertResult } from '../../src/dockerfile/convert-options.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import type { ImageMetaResolver } from '../../src/llb/metadata.ts';
import type { ContainerConfig } from '../../src/oci/config.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { formatPlatform, parsePlatform } from '../../src/oci/platform-parse.ts';
import { PolyarchError } from '../../src/util/error.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The config of an image with one layer. */
export function imageConfig(config: ContainerConfig = {}, over: object = {}): object {
  return {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: [PATH], Cmd: ['sh'], ...config },
    rootfs: { type: 'layers', diff_ids: [digestOf('layer')] },
    history: [{ created: '2024-01-01T00:00:00Z', created_by: 'ADD rootfs' }],
    ...over,
  };
}

/** Images by `reference platform` or `reference`; the digest is that of the reference. Notes what it is asked. */
export class MemoryImages implements ImageMetaResolver {
  readonly asked: string[] = [];
  readonly #images: Readonly<Record<string, object>>;

  constructor(images: Readonly<Record<string, object>>) {
    this.#images = images;
  }

  async resolveImageConfig(reference: string, options: Parameters<ImageMetaResolver['resolveImageConfig']>[1]) {
    const platform = formatPlatform(options.platform);
    this.asked.push(`${reference} ${platform} ${options.mode}`);
    const config = this.#images[`${reference} ${platform}`] ?? this.#images[reference];
    if (config === undefined) throw new PolyarchError('NOT_FOUND', `${reference} is not there`);
    const digest = digestOf(reference);
    return {
      reference: `${reference}@${digest}`,
      digest,
      config: new TextEncoder().encode(JSON.stringify(config)),
    };
  }
}

export const IMAGES: Readonly<Record<string, object>> = {
  'docker.io/library/busybox:latest': imageConfig(),
  'docker.io/library/alpine:3.20': imageConfig({ Env: ['A=1'], WorkingDir: '/srv', User: 'app' }),
  'docker.io/library/golang:1.22': imageConfig({ Env: ['PATH=/go/bin:/usr/bin', 'GOPATH=/go'], WorkingDir: '/go' }),
  'docker.io/library/onb:latest': imageConfig({
    OnBuild: ['COPY . /src', 'RUN make', 'COPY --from=busybox /bin/sh /sh', 'WORKDIR /x', 'ENV Q=1'],
  }),
  'docker.io/library/sh:latest': imageConfig({
    Shell: ['/bin/bash', '-c'],
    Entrypoint: ['/e'],
    Labels: { x: 'y' },
    ExposedPorts: { '1/tcp': {} },
    Volumes: { '/v': {} },
    StopSignal: 'SIGINT',
    Healthcheck: { Test: ['NONE'] },
  }),
};

export interface ConvertTextOptions extends Partial<Omit<ConvertOptions, 'targetPlatform' | 'buildPlatform'>> {
  /** Default linux/amd64, which is also what builds. */
  readonly platform?: string;
}

/** Converts the text of a Dockerfile, with IMAGES unless told otherwise. */
export function convertText(text: string | Uint8Array, options: ConvertTextOptions = {}): Promise<ConvertResult> {
  return convertDockerfile(parseDockerfile(text), {
    metaResolver: new MemoryImages(IMAGES),
    ...options,
    targetPlatform: parsePlatform(options.platform ?? 'linux/amd64'),
    buildPlatform: parsePlatform('linux/amd64'),
  });
}
