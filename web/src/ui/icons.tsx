// Our own small set, drawn on a 24 grid with a stroke of 1.75. State is told by shape, not by colour alone.

import type { JSX } from "preact";

const PATHS = {
  live: "M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M8.5 8.5a5 5 0 0 0 0 7M15.5 8.5a5 5 0 0 1 0 7M5.6 5.6a9 9 0 0 0 0 12.8M18.4 5.6a9 9 0 0 1 0 12.8",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M9 5.5v13M15 5.5v13",
  volume: "M4.5 9.5v5h3.2l4.3 3.8V5.7L7.7 9.5zM15.5 9.3a4 4 0 0 1 0 5.4M18.3 6.7a7.7 7.7 0 0 1 0 10.6",
  muted: "M4.5 9.5v5h3.2l4.3 3.8V5.7L7.7 9.5zM16 9.7l4.6 4.6M20.6 9.7 16 14.3",
  mic: "M12 3.5a2.7 2.7 0 0 1 2.7 2.7v5a2.7 2.7 0 0 1-5.4 0v-5A2.7 2.7 0 0 1 12 3.5M6.5 11a5.5 5.5 0 0 0 11 0M12 16.5v4",
  "mic-off": "M9.3 9.3v1.9a2.7 2.7 0 0 0 4.3 2.2M14.7 10.5V6.2a2.7 2.7 0 0 0-5.2-1M6.5 11a5.5 5.5 0 0 0 8.7 4.5M17.3 12.3q.2-.6.2-1.3M12 16.5v4M4 4l16 16",
  camera: "M4.5 7h9A1.5 1.5 0 0 1 15 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7M15 11l6-3.2v8.4L15 13",
  "camera-off": "M10 7h3.5A1.5 1.5 0 0 1 15 8.5V11l6-3.2v8.4l-3.5-1.9M14.7 16.3a1.5 1.5 0 0 1-1.2.7h-9A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7H5M3.5 3.5l17 17",
  screen: "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v8a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 14.5v-8A1.5 1.5 0 0 1 4.5 5M8.5 19.5h7",
  stop: "M7.5 6.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1",
  copy: "M9.5 8.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1M15.5 8.5v-3a1 1 0 0 0-1-1h-9a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  pip: "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-11A1.5 1.5 0 0 1 4.5 5M12.5 12.5h5.5v3.5h-5.5z",
  expand: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  shrink: "M9 4.5V9H4.5M19.5 9H15V4.5M15 19.5V15h4.5M4.5 15H9v4.5",
  chart: "M4 19.5h16M7 16v-4M12 16V6M17 16V9.5",
  pulse: "M3.5 12H7l2.5-6.5 4.5 13 2.5-6.5h4",
  help: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M9.8 9.6a2.3 2.3 0 1 1 3.3 2.3c-.8.4-1.1.9-1.1 1.7M12 16.5v.1",
  sun: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M12 3.5v2M12 18.5v2M3.5 12h2M18.5 12h2M6 6l1.4 1.4M16.6 16.6 18 18M18 6l-1.4 1.4M7.4 16.6 6 18",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10",
  system: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16M12 4v16M12 8h5.8M12 12h8M12 16h5.8",
  rooms: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
  eye: "M2.8 12S6 6 12 6s9.2 6 9.2 6-3.2 6-9.2 6-9.2-6-9.2-6M12 14.7a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4",
  right: "M5 12h14M13 6l6 6-6 6",
  alert: "M12 4.5 21 19.5H3zM12 10v4.5M12 17v.1",
  close: "M6 6l12 12M18 6 6 18",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4h-4",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.3 15.3 20 20",
  person: "M12 12a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4M4.8 19.5a7.2 7.2 0 0 1 14.4 0",
  people: "M9 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6M2.8 18.5a6.2 6.2 0 0 1 12.4 0M15.5 5.2a3.3 3.3 0 0 1 0 6M17.7 13.6a6.2 6.2 0 0 1 3.5 4.9",
  plus: "M12 5v14M5 12h14",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4M9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4",
  leave: "M10 4.5H5.5a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H10M14.5 8l4 4-4 4M18 12H9.5",
  lock: "M6.5 10.5h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5",
  down: "M6 9.5l6 6 6-6",
  key: "M8 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M12.5 12H21v3.5M17 12v2.5",
} as const;

export type IconName = keyof typeof PATHS;

/** Those that point somewhere turn with the direction of the text. */
const DIRECTED: readonly IconName[] = ["right", "leave"];

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class={DIRECTED.includes(name) ? "icon directed" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The name's picture: one stream falls over the edge and goes on as many. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M4 11.5h9.5c3 0 3 9 6 9H28M4 16.5h7c3 0 3 9 6 9h11M4 6.5h12c3 0 3 9 6 9h6" />
    </svg>
  );
}
