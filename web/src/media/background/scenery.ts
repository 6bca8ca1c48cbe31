// Pictures to stand in front of, drawn by ourselves: nothing to fetch, nobody's rights, and calm enough to look at a face.

export const SCENES = ["dunes", "lake", "studio", "night"] as const;
export type Scene = (typeof SCENES)[number];

const SIZE = { width: 1280, height: 720 };

type Canvas = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;
type Stop = readonly [at: number, colour: string];

/** Each draws onto a square of one by one, whatever that is stretched to. */
const PAINTERS: Record<Scene, (canvas: Canvas) => void> = {
  dunes: (canvas) => {
    sky(canvas, [[0, "#8fb8c9"], [0.55, "#f3d9b5"], [1, "#f0b98a"]]);
    disc(canvas, 0.74, 0.33, 0.075, "#fff1d6");
    hill(canvas, 0.6, 0.07, 1.3, 0.2, "#dba274");
    hill(canvas, 0.72, 0.09, 0.9, 2.1, "#c58257");
    hill(canvas, 0.86, 0.08, 1.1, 4.4, "#a4623f");
  },
  lake: (canvas) => {
    sky(canvas, [[0, "#5d8fb3"], [0.5, "#cfe3e6"], [1, "#e7efe7"]]);
    hill(canvas, 0.5, 0.1, 1.6, 1.1, "#7f9fae");
    hill(canvas, 0.56, 0.07, 2.3, 3.2, "#54808a");
    band(canvas, 0.62, 1, [[0, "#a9ccd2"], [1, "#3f7686"]]);
    hill(canvas, 0.95, 0.05, 1.4, 0.4, "#2f5a4e");
  },
  studio: (canvas) => {
    sky(canvas, [[0, "#e9e4db"], [1, "#d6cfc3"]]);
    band(canvas, 0.78, 1, [[0, "#b89f83"], [1, "#9c8368"]]);
    box(canvas, 0.08, 0.14, 0.2, 0.34, "#7fa39c");
    box(canvas, 0.1, 0.17, 0.16, 0.28, "#dfe9e4");
    box(canvas, 0.7, 0.2, 0.22, 0.018, "#8b6d4f");
    box(canvas, 0.72, 0.1, 0.02, 0.1, "#b4573f");
    box(canvas, 0.745, 0.08, 0.025, 0.12, "#2f6a73");
    box(canvas, 0.775, 0.11, 0.018, 0.09, "#d9a441");
    disc(canvas, 0.87, 0.155, 0.035, "#5d8a5e");
  },
  night: (canvas) => {
    sky(canvas, [[0, "#0d1530"], [0.7, "#2b3a67"], [1, "#6a5a86"]]);
    for (let n = 0; n < 40; n += 1) disc(canvas, (n * 0.618) % 1, ((n * 0.377) % 1) * 0.5, 0.0015 + (n % 3) * 0.0007, "#dfe6ff");
    disc(canvas, 0.2, 0.22, 0.05, "#f2eee0");
    for (let n = 0; n < 14; n += 1) box(canvas, n / 14, 0.62 + ((n * 7) % 5) * 0.04, 1 / 14 + 0.002, 0.4, n % 2 === 0 ? "#141b33" : "#1b2442");
    for (let n = 0; n < 34; n += 1) box(canvas, ((n * 0.618) % 1) * 0.97 + 0.01, 0.8 + ((n * 0.283) % 1) * 0.17, 0.008, 0.014, "#e7c777");
  },
};

/** Paints it onto a canvas of any size. */
export function paint(scene: Scene, canvas: Canvas): void {
  const { width, height } = canvas.canvas;
  canvas.save();
  canvas.scale(width, height);
  PAINTERS[scene](canvas);
  canvas.restore();
}

export function pictureOf(scene: Scene): ImageBitmap {
  const canvas = new OffscreenCanvas(SIZE.width, SIZE.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser draws nothing off the page");
  paint(scene, context);
  return canvas.transferToImageBitmap();
}

function sky(canvas: Canvas, stops: readonly Stop[]): void {
  band(canvas, 0, 1, stops);
}

function band(canvas: Canvas, top: number, bottom: number, stops: readonly Stop[]): void {
  const gradient = canvas.createLinearGradient(0, top, 0, bottom);
  for (const [at, colour] of stops) gradient.addColorStop(at, colour);
  canvas.fillStyle = gradient;
  canvas.fillRect(0, top, 1, bottom - top);
}

function hill(canvas: Canvas, top: number, height: number, waves: number, phase: number, colour: string): void {
  canvas.fillStyle = colour;
  canvas.beginPath();
  canvas.moveTo(0, 1);
  for (let x = 0; x <= 1.001; x += 0.02) canvas.lineTo(x, top + height * Math.sin(phase + 2 * Math.PI * waves * x) * 0.5);
  canvas.lineTo(1, 1);
  canvas.fill();
}

/** Round on a picture of 16:9. */
function disc(canvas: Canvas, x: number, y: number, radius: number, colour: string): void {
  canvas.fillStyle = colour;
  canvas.beginPath();
  canvas.ellipse(x, y, radius, (radius * 16) / 9, 0, 0, 2 * Math.PI);
  canvas.fill();
}

function box(canvas: Canvas, x: number, y: number, width: number, height: number, colour: string): void {
  canvas.fillStyle = colour;
  canvas.fillRect(x, y, width, height);
}
