import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { KEPT, sampler } from "../../media/sampler";
import type { Sample } from "../../media/statistics";
import { receivedRows, sentRows, StatisticsPanel } from "../parts/statistics";
import { BackgroundTrouble } from "../prejoin/background-choice";
import { DeviceChoice } from "../prejoin/device-choice";
import type { MeetingModel } from "./model";
import { Panel } from "./panel";
import { words } from "./words";

type Props = { model: MeetingModel; onClose: () => void };

/** Measures only while somebody looks. */
export function Statistics({ model, onClose }: Props): JSX.Element {
  const w = words.value.statistics;
  const sent = useSignal<readonly Sample[]>([]);
  const received = useSignal<readonly Sample[]>([]);
  useEffect(() => {
    const samplers = [
      sampler(() => model.connections().sending, (sample) => (sent.value = [...sent.value, sample].slice(-KEPT))),
      sampler(() => model.connections().receiving, (sample) => (received.value = [...received.value, sample].slice(-KEPT))),
    ];
    return () => samplers.forEach((each) => each.close());
  }, [model, sent, received]);
  return (
    <Panel title={w.title} close={w.close} onClose={onClose} testid="statistics-panel">
      {/* Numbers take no focus, so that what scrolls them must. */}
      <div class="people-scroll" tabIndex={0} role="group" aria-label={w.title}>
        <h3>{w.received}</h3>
        <StatisticsPanel rows={receivedRows(received.value)} />
        <h3>{w.sent}</h3>
        <StatisticsPanel rows={sentRows(sent.value)} />
      </div>
    </Panel>
  );
}

/** Another camera, microphone or speaker without leaving. */
export function Devices({ model, onClose }: Props): JSX.Element {
  const w = words.value.devices;
  return (
    <Panel title={w.title} close={w.close} onClose={onClose} testid="devices-panel">
      <div class="people-scroll">
        <BackgroundTrouble media={model.media} />
        <DeviceChoice media={model.media} />
      </div>
    </Panel>
  );
}
