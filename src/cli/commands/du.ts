import { type Usage, usage } from '../../build/du.ts';
import { PolyarchError } from '../../util/error.ts';
import type { CliCommand } from '../command.ts';
import { ago, bytes, columns } from '../format.ts';
import { openWorkspace } from '../workspace.ts';

const EXAMPLES = `
Examples:
  polyarch du
      what takes space in the store, largest first, and the totals
  polyarch du --format json`;

const command: CliCommand = {
  define(program, context, done) {
    program
      .option('--verbose', 'show ids in full, and every row')
      .option('--format <format>', 'table or json', 'table')
      .addHelpText('after', EXAMPLES)
      .action(async (flags: { verbose?: boolean; format: string }) => {
        if (flags.format !== 'table' && flags.format !== 'json') {
          throw new PolyarchError(
            'INVALID_ARGUMENT',
            `--format ${JSON.stringify(flags.format)} is neither table nor json`,
          );
        }
        await using workspace = await openWorkspace(context, {});
        const found = await usage(workspace.engine);
        context.stdout.write(
          flags.format === 'json' ? `${JSON.stringify(found)}\n` : table(found, flags.verbose === true),
        );
        done(0);
      });
  },
};

export default command;

/** Rows that the table shows without --verbose. */
const ROWS = 40;

function table({ rows, totals, reclaimable, total }: Usage, verbose: boolean): string {
  const shown = verbose ? rows : rows.slice(0, ROWS);
  const short = (id: string) => (verbose ? id : id.replace(/^sha256:/, '').slice(0, id.startsWith('step-') ? 17 : 12));
  const body = shown.map((row) => [
    short(row.id),
    row.type,
    String(row.reclaimable),
    bytes(row.size),
    row.used === undefined ? '' : ago(row.used),
    row.description,
  ]);
  const more = rows.length - shown.length;
  const sums = [
    ['Images:', bytes(totals.images)],
    ['Build cache:', bytes(totals.cache)],
    ['Cache mounts:', bytes(totals.mounts)],
    ['Contexts, downloads, emulators, native tools:', bytes(totals.sources)],
    ...(totals.temporary > 0 ? [['Leftovers:', bytes(totals.temporary)]] : []),
    ['Reclaimable:', bytes(reclaimable)],
    ['Total:', bytes(total)],
  ];
  return [
    columns([['ID', 'TYPE', 'RECLAIMABLE', 'SIZE', 'LAST USED', 'DESCRIPTION'], ...body]),
    more > 0 ? `… and ${more} smaller ones (--verbose shows them)\n` : '',
    '\n',
    columns(sums),
  ].join('');
}
