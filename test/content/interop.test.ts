import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyGraph } from '../../src/content/copy-graph.ts';
import { fetchBytes } from '../../src/content/fetch-bytes.ts';
import { MemoryStore } from '../../src/content/memory-store.ts';
import { OciLayout } from '../../src/content/oci-layout.ts';
import { type Descriptor, descriptorOf } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { encodeJson } from '../../src/oci/json.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { type Platform, parsePlatform, selectPlatform } from '../../src/oci/platform.ts';
import { parseIndex } from '../../src/oci/index.ts';
import { requireTool } from '../support/environment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyarch-interop-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tarOf(name: string, text: string): Uint8Array {
  const tree = join(folder, `tree-${text}`);
  mkdirSync(tree);
  writeFileSync(join(tree, name), text);
  return execFileSync('tar', ['-C', tree, '--sort=name', '--mtime=@0', '-c', name]);
}

async function putImage(layout: OciLayout, platform: Platform): Promise<Descriptor> {
  const layer = tarOf('platform', platform.architecture);
  const config = encodeJson({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } });
  const layerDescriptor = descriptorOf(layer, { mediaType: MEDIA_TYPE.ociLayer });
  const configDescriptor = descriptorOf(config, { mediaType: MEDIA_TYPE.ociConfig });
  await layout.push(layerDescriptor, layer);
  await layout.push(configDescriptor, config);
  const fields = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest };
  const manifest = encodeJson({ ...fields, config: configDescriptor, layers: [layerDescriptor] });
  const descriptor = descriptorOf(manifest, { mediaType: MEDIA_TYPE.ociManifest, platform });
  await layout.push(descriptor, manifest);
  return descriptor;
}

/** A layout with one image of two platforms, named v1. */
async function makeLayout(): Promise<{ layout: OciLayout; root: Descriptor }> {
  const layout = await OciLayout.create(join(folder, 'layout'));
  const platforms = ['linux/amd64', 'linux/arm64'].map((text) => parsePlatform(text));
  const manifests = await Promise.all(platforms.map((platform) => putImage(layout, platform)));
  const index = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests });
  const root = descriptorOf(index, { mediaType: MEDIA_TYPE.ociIndex });
  await layout.push(root, index);
  await layout.tag(root, 'v1');
  return { layout, root };
}

describe('an OCI layout', () => {
  it('is read by skopeo, and what skopeo writes is read back with the same bytes', async (context) => {
    const skopeo = requireTool(context, 'skopeo');
    const { layout, root } = await makeLayout();
    const raw = execFileSync(skopeo, ['inspect', '--raw', `oci:${layout.root}:v1`]);
    expect(digestOf(raw)).toBe(root.digest);

    const copy = join(folder, 'copy');
    const policy = ['--insecure-policy', 'copy', '--all', '--preserve-digests', '-q'];
    execFileSync(skopeo, [...policy, `oci:${layout.root}:v1`, `oci:${copy}:v2`]);
    const read = OciLayout.open(copy);
    const found = await read.resolve('v2');
    expect(found.digest).toBe(root.digest);
    const target = new MemoryStore();
    await copyGraph({ source: read, target }, found);
    const { manifests } = parseIndex(await fetchBytes(target, found), found);
    expect(selectPlatform(manifests, parsePlatform('linux/arm64'))?.digest).toBe(manifests[1]?.digest);
  });

  it('is unpacked by umoci', async (context) => {
    const umoci = requireTool(context, 'umoci');
    const { layout, root } = await makeLayout();
    const { manifests } = parseIndex(await fetchBytes(layout, root), root);
    if (manifests[0] !== undefined) await layout.tag(manifests[0], 'amd64');
    const bundle = join(folder, 'bundle');
    execFileSync(umoci, ['unpack', '--rootless', '--image', `${layout.root}:amd64`, bundle], { stdio: 'pipe' });
    expect(readFileSync(join(bundle, 'rootfs/platform'), 'utf8')).toBe('amd64');
  });
});
