import type { Digest } from '../oci/digest.ts';
import type { Output } from './vertex.ts';

/** Stands for an input that is scratch. */
export const NO_INPUT = -1;

/** The inputs of one op, as they are met. */
export class OpInputs {
  readonly list: { digest: Digest; index: number }[] = [];
  readonly #resolve: (output: Output | undefined) => { digest: Digest; index: number } | undefined;

  constructor(resolve: (output: Output | undefined) => { digest: Digest; index: number } | undefined) {
    this.#resolve = resolve;
  }

  /** The input's place, each input having one. */
  add(output: Output | undefined): number {
    const input = this.#resolve(output);
    if (input === undefined) return NO_INPUT;
    const known = this.list.findIndex((other) => other.digest === input.digest && other.index === input.index);
    return known < 0 ? this.list.push(input) - 1 : known;
  }

  /** A place of its own, even for an input that is there already. */
  append(output: Output | undefined): number {
    const input = this.#resolve(output);
    return input === undefined ? NO_INPUT : this.list.push(input) - 1;
  }
}
