// Notices that packets stopped although the connection is well: the publisher went away, or a path went one-way.

/** Two missed seconds happen on a bad radio link; three are said. */
const SAID_AFTER = 3;
/** Joining anew finds out whether the room is live at all. Doubles, because a quiet room stays quiet for a while. */
const REJOIN_AFTER = 8;
const REJOIN_AFTER_LONGEST = 64;

export type Verdict = "flowing" | "quiet" | "rejoin";

export class Silence {
  #seconds = 0;
  #rejoinAfter = REJOIN_AFTER;

  /** Takes the packets of one second. */
  push(packets: number): Verdict {
    if (packets > 0) {
      this.#seconds = 0;
      this.#rejoinAfter = REJOIN_AFTER;
      return "flowing";
    }
    this.#seconds += 1;
    if (this.#seconds >= this.#rejoinAfter) {
      this.#seconds = 0;
      this.#rejoinAfter = Math.min(REJOIN_AFTER_LONGEST, this.#rejoinAfter * 2);
      return "rejoin";
    }
    return this.#seconds >= SAID_AFTER || this.#rejoinAfter > REJOIN_AFTER ? "quiet" : "flowing";
  }
}
