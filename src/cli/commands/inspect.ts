import { type InspectedImage, inspectImage, localFindings } from '../../build/images-inspect.ts';
import { openLocalStore } from '../../build/local-store.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import type { CliCommand } from '../command.ts';
import { fillTemplate } from '../template/fill.ts';
import { renderError } from '../render-error.ts';
import { hostPlatform } from '../flag-values.ts';

const EXAMPLES = `
Examples:
  polyarch inspect app
      what docker image inspect says, and the platforms of the image's index
  polyarch inspect --platform linux/arm64 --format '{{json .Config.Env}}' app
      one field of one platform`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .argument('<image...>', 'local images, by name or id')
      .option(
        '--platform <platform>',
        'the platform to describe (default: this machine’s, else the first that is local)',
      )
      .option('-f, --format <format>', 'json, or a template like {{.Architecture}} or {{json .Config}}')
      .addHelpText('after', EXAMPLES)
      .action((names: string[], flags: { platform?: string; format?: string }) => {
        using local = openLocalStore(context.home);
        const platform: { platform?: Platform } =
          flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) };
        const found: InspectedImage[] = [];
        let status = 0;
        for (const name of names) {
          try {
            found.push(inspectImage(local, name, { ...platform, hostPlatform: hostPlatform() }));
            for (const finding of localFindings(local, name)) context.notice(finding);
          } catch (error) {
            if (names.length === 1) throw error;
            context.notice(renderError(error));
            status = 1;
          }
        }
        const { format } = flags;
        if (format === undefined) context.stdout.write(`${JSON.stringify(found, null, 4)}\n`);
        else
          for (const image of found)
            context.stdout.write(`${format === 'json' ? JSON.stringify(image) : fillTemplate(format, image)}\n`);
        done(status);
      });
  },
};

export default command;
