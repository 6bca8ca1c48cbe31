// Waiting for something to become true, with an end and with words for the case that it does not.

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks until the answer is truthy and returns it. An exception counts as "not yet", and the last one is told.
 */
export async function until(what, ask, { seconds = 20, everyMs = 100 } = {}) {
  const deadline = performance.now() + seconds * 1000;
  let last;
  while (performance.now() < deadline) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  }
  const found = last instanceof Error ? last.message : JSON.stringify(last);
  throw new Error(`${what}: not within ${seconds} s (last answer: ${found})`);
}
