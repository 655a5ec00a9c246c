import { listPlatforms } from '../../build/platforms.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { columns } from '../format.ts';

const EXAMPLES = `
Examples:
  polyarch platforms
      what each platform is called elsewhere, and how this machine runs it
  polyarch platforms --format json`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .option('--format <format>', 'table or json', 'table')
      .addHelpText('after', EXAMPLES)
      .action(async ({ format }: { format: string }) => {
        if (format !== 'table' && format !== 'json')
          throw new PolyarchError('INVALID_ARGUMENT', `--format ${JSON.stringify(format)} is neither table nor json`);
        const rows = await listPlatforms({ path: context.env['PATH'] });
        if (format === 'json') context.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        else {
          const head = ['PLATFORM', 'UNAME', 'QEMU', 'GO', 'DEBIAN', 'RUST', 'RUNS HERE'];
          const body = rows.map((row) => [row.platform, row.uname, row.qemu, row.go, row.debian, row.rust, row.runs]);
          context.stdout.write(columns([head, ...body]));
          for (const mend of new Set(rows.flatMap((row) => (row.mend === undefined ? [] : [row.mend]))))
            context.notice(`hint: ${mend}`);
        }
        done(0);
      });
  },
};

export default command;
