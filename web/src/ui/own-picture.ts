// The picture somebody has chosen to stand in front of. It stays in this browser: nobody's server sees it but as what is behind a person.

const NAME = "weir";
const STORE = "pictures";
const KEY = "background";
/** A photograph of a good camera has 20 MB; what is larger is something else. */
const BYTES_MAX = 30_000_000;
/** As large as a picture of a meeting is sent, so that it need not be made smaller with every frame. */
const WIDEST = 1280;

/** Why a file is not taken. */
export class NoPicture extends Error {
  readonly why: "too-large" | "unreadable";

  constructor(why: NoPicture["why"]) {
    super(why);
    this.why = why;
  }
}

/** Kept as long as the page lasts, whatever the browser allows to be kept longer. */
let kept: Blob | null = null;

/** Reads a file as a picture, makes it as small as it need be, and keeps it. */
export async function keepOwnPicture(file: Blob): Promise<void> {
  if (file.size > BYTES_MAX) throw new NoPicture("too-large");
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, WIDEST / whole.width);
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale)));
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("nothing can be drawn");
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    kept = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  } catch {
    throw new NoPicture("unreadable");
  }
  await inStore("readwrite", (store) => store.put(kept, KEY)).catch(() => undefined);
}

/** Null when none was chosen, or the browser has thrown it away. */
export async function ownPicture(): Promise<Blob | null> {
  if (kept !== null) return kept;
  const found: unknown = await inStore("readonly", (store) => store.get(KEY)).catch(() => null);
  if (found instanceof Blob) kept = found;
  return kept;
}

function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error ?? new Error("refused"));
    opening.onsuccess = () => {
      const database = opening.result;
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => {
        database.close();
        resolve(request.result);
      };
      request.onerror = () => {
        database.close();
        reject(request.error ?? new Error("refused"));
      };
    };
  });
}
