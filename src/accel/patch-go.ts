import type { ToolPair } from '../emulation/pairs.ts';
import { elfHeader } from '../util/elf-header.ts';
import type { PatchContext } from './patch-elf.ts';
import { addressesOf, EXECUTABLE, segmentsOf, WRITABLE, X86_64 } from './elf-texts.ts';
import { codeUses } from './x86-code.ts';

/** The variable of Go's own tests, which cmd/go reads just behind the place where it takes its own architecture for that of its tools. */
const BEHIND = 'TESTGO_GOHOSTARCH';
/** That place is no further before it, in bytes of code (cmd/go/internal/cfg, SetGOROOT). */
const NEAR = 160;

/**
 * Lets a go command of x86-64 find the compiler and the other tools in the foreign Go's folder (`pkg/tool/linux_arm64`). Until 1.20 that
 * is one text, which is cleaned before it is used, so that slashes fill it up. Since 1.21 the architecture is a text of its own,
 * which other code uses too: there the one instruction that loads it takes the foreign one's, of the same length.
 *
 * Any other program is given as it is; undefined where anything is not as it is known.
 */
export function patchGo(
  file: Buffer,
  { pair, foreign, native }: PatchContext & { readonly pair: ToolPair },
): Buffer | undefined {
  if (pair.rules?.includes('go-command') !== true) return file;
  if (pair.environment?.[foreign.debian] === undefined) return undefined;
  if (elfHeader(file)?.machine !== X86_64) return undefined;
  const patched = Buffer.from(file);
  const folder = `pkg/tool/linux_${native.go}`;
  const spare = native.go.length - foreign.go.length;
  const at = patched.indexOf(folder, 0, 'latin1');
  if (at < 0 || patched.indexOf(folder, at + 1, 'latin1') >= 0 || spare < 0) return undefined;
  patched.write(`pkg/tool/${'/'.repeat(spare)}linux_${foreign.go}`, at, 'latin1');
  if (!patched.includes(BEHIND, 0, 'latin1')) return patched;

  const segments = segmentsOf(patched);
  const marks = [...codeUses(patched, addressesOf(patched, BEHIND, segments), segments)];
  const uses = [...codeUses(patched, addressesOf(patched, native.go, segments), segments)];
  const [use, ...more] = uses.filter((one) => marks.some((mark) => mark.at > one.at && mark.at - one.at < NEAR));
  const constants = segments.filter(({ flags }) => (flags & (EXECUTABLE | WRITABLE)) === 0);
  const [name] = addressesOf(patched, foreign.go, constants);
  if (use?.lead === undefined || more.length > 0 || name === undefined || spare > 0) return undefined;
  use.lead(name);
  return patched;
}
