import { setImmediate as yieldToLoop } from 'node:timers/promises';

/** The longest that synchronous work keeps the event loop busy, in milliseconds. */
const TURN = 20;

/** Lets the event loop run, when it is due: await it between steps of long synchronous work. */
export class Turns {
  #since = performance.now();

  /** True when `pass` is due. */
  get due(): boolean {
    return performance.now() - this.#since >= TURN;
  }

  async pass(): Promise<void> {
    await yieldToLoop();
    this.#since = performance.now();
  }
}
