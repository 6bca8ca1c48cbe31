// How a picture fills a frame of another shape.

type Size = { width: number; height: number };

/** The largest middle part of `picture` that has the shape of `frame`: x, y, width, height. */
export function covering(picture: Size, frame: Size): [number, number, number, number] {
  const scale = Math.min(picture.width / frame.width, picture.height / frame.height);
  const [width, height] = [frame.width * scale, frame.height * scale];
  return [(picture.width - width) / 2, (picture.height - height) / 2, width, height];
}
