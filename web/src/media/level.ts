// How loud a microphone is, as a number from 0 to 1 that moves the way ears do.

export type LevelMeter = { read: () => number; close: () => void };

/** Below this a room is quiet; the meter starts here. */
const QUIET_DB = -60;

/** Root mean square of samples, on a decibel scale from silence (0) to full (1). */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, 1 - db / QUIET_DB));
}

export function levelMeter(track: MediaStreamTrack): LevelMeter {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  return {
    read: () => {
      // Starts suspended when no click came before it; resumes by itself with the first one.
      if (context.state === "suspended") void context.resume();
      analyser.getFloatTimeDomainData(samples);
      const level = track.enabled ? loudness(samples) : 0;
      // Up at once, down slowly: a syllable should be seen.
      shown = level > shown ? level : Math.max(level, shown - 0.04);
      return shown;
    },
    close: () => {
      source.disconnect();
      void context.close();
    },
  };
}
