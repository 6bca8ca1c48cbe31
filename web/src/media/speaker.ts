// Where sound comes out, and three notes to hear whether it does.

/** Safari leaves the choice to the system. */
export const canChooseSpeaker = (): boolean => "setSinkId" in HTMLMediaElement.prototype;

/** An empty id is the system's own choice. A speaker that is gone is no reason for silence. */
export async function playOn(element: HTMLMediaElement, speaker: string): Promise<void> {
  if (!canChooseSpeaker()) return;
  try {
    await element.setSinkId(speaker);
  } catch {
    await element.setSinkId("").catch(() => undefined);
  }
}

/** A major chord upwards: nobody takes it for an alarm. */
const NOTES_HZ = [523.25, 659.25, 783.99];
const NOTE_S = 0.28;
/** A fifth of full scale: headphones may be on somebody's ears already. */
const GAIN = 0.2;

/** Resolves when the last note has faded. */
export async function playTone(speaker: string): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = out.stream;
  try {
    await playOn(element, speaker);
    await Promise.all([context.resume(), element.play()]);
    const begin = context.currentTime + 0.05;
    NOTES_HZ.forEach((hz, i) => {
      const at = begin + i * NOTE_S;
      const gain = context.createGain();
      // A note that begins or ends at full strength clicks.
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(GAIN, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S * 1.6);
      const note = new OscillatorNode(context, { frequency: hz });
      note.connect(gain).connect(out);
      note.start(at);
      note.stop(at + NOTE_S * 1.6);
    });
    await new Promise((resolve) => setTimeout(resolve, (NOTES_HZ.length + 1) * NOTE_S * 1000));
  } finally {
    element.srcObject = null;
    void context.close();
  }
}
