import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { PINNED, SHARE, TILE } from "../../media/meeting/desired";
import { IconButton } from "../parts/button";
import { CopyField } from "../parts/copy";
import { arrange, type Placed } from "./layout";
import type { MeetingModel } from "./model";
import { Tile } from "./tile";
import type { View } from "./view";
import { words } from "./words";

/** All tiles, where they belong in the space that there is; what is on the page is what is asked for. */
export function Stage({ model, view }: { model: MeetingModel; view: View }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const size = useSignal({ width: 0, height: 0 });
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const measure = new ResizeObserver(() => (size.value = { width: element.clientWidth, height: element.clientHeight }));
    measure.observe(element);
    return () => measure.disconnect();
  }, [size]);

  const { width, height } = size.value;
  const others = view.others.value;
  const staged = view.staged.value;
  const page = view.page.value;
  const self = view.self.value;
  const most = model.slots;
  const { tiles, page: at, pages } = useMemo(() => arrange({ width, height, others, self, staged, page, most }), [width, height, others, self, staged, page, most]);
  useEffect(() => {
    if (width === 0) return;
    const scale = window.devicePixelRatio;
    const weight = (tile: Placed): number => (tile.source === "screen" ? SHARE : tile.on === "stage" ? PINNED : TILE);
    const theirs = tiles.filter((tile) => tile.id !== self.id);
    model.show(theirs.map((tile) => ({ account_id: tile.account_id, source: tile.source, heightPx: tile.height * scale, weight: weight(tile) })));
  }, [model, tiles, self, width]);

  const w = words.value.stage;
  return (
    <section class="pictures" aria-label={w.label}>
      <div ref={root} class="tiles" data-testid="tiles">
        {width > 0 && tiles.map((placed) => <Tile key={placed.id} model={model} view={view} placed={placed} />)}
      </div>
      {others.length === 0 && (
        <div class="alone">
          <p>{w.alone}</p>
          <CopyField label={w.link} text={`${location.origin}/m/${model.seat.meeting_id}`} testid="invite" />
        </div>
      )}
      {pages > 1 && (
        <nav class="pager" aria-label={w.label}>
          <IconButton icon="previous" label={w.previous} disabled={at === 0} onClick={() => (view.page.value = at - 1)} testid="previous-page" />
          <span role="status">{w.page(at + 1, pages)}</span>
          <IconButton icon="next" label={w.next} disabled={at === pages - 1} onClick={() => (view.page.value = at + 1)} testid="next-page" />
        </nav>
      )}
    </section>
  );
}
