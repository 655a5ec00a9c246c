/** One build that every contender is asked for in the same words. */
export interface BenchBuild {
  readonly context: string;
  readonly platforms: readonly string[];
  /** `127.0.0.1:PORT/repository:tag` to push to; without it the result goes nowhere. */
  readonly push?: string;
  readonly noCache?: boolean;
}

/** What is timed against others. */
export interface Racer {
  readonly name: string;
  /** The processes whose memory counts: those below the ones named, the bench's own children too. */
  readonly daemonPid?: number;
  /** Too slow to be run more than once, and so without a round that is not counted. */
  readonly once?: boolean;
}

/** One builder on the machine. */
export interface Contender extends Racer, AsyncDisposable {
  readonly version: string;
  /** Runs the build to its end; throws with its output when it fails. */
  build(build: BenchBuild): Promise<void>;
  /** Empties its store and cache. */
  prune(): Promise<void>;
}
