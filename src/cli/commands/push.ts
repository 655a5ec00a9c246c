import { pushStored } from '../../build/images-push.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import type { CliCommand } from '../command.ts';
import { transferView } from '../progress/transfer.ts';
import { type RegistryFlags, openWorkspace, registryFlags } from '../workspace.ts';

interface PushFlags extends RegistryFlags {
  readonly platform?: string;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  polyarch tag app 127.0.0.1:5000/demo/app:1 && polyarch push 127.0.0.1:5000/demo/app:1
      push an image with all its platforms
  polyarch push --platform linux/arm64 registry.example/app:1-arm64
      push one platform's image alone`;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('<image>', 'a local image’s name, which says where it goes: REGISTRY/NAME[:TAG]')
      .option('--platform <platform>', 'push only this platform’s image, without the index')
      .option('-q, --quiet', 'only print the name')
      .addHelpText('after', EXAMPLES);
    registryFlags(defined).action(async (image: string, flags: PushFlags) => {
      await using workspace = await openWorkspace(context, flags);
      const view = transferView(`pushing ${image}`, 'Pushed', { quiet: flags.quiet === true, context });
      try {
        const { name, root } = await pushStored(workspace, image, {
          ...(flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) }),
          onStart: (repository) => view.notice(`The push refers to repository [${repository}]`),
          onProgress: view.onProgress,
          signal: context.signal,
        });
        view.done();
        view.end();
        const { tag = 'latest' } = parseReference(name);
        context.stdout.write(
          flags.quiet === true ? `${name}\n` : `${tag}: digest: ${root.digest} size: ${root.size}\n`,
        );
      } finally {
        view.end();
      }
      done(0);
    });
  },
};

export default command;
