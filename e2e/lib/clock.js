// A picture that says when it was drawn: sixteen black and white blocks along its upper edge count quarters of 16 ms since 1970.
// A viewer on the same machine reads from each frame that it shows how old it is, whatever timestamps said on the way.

/** Publishes it from a canvas, with a keyframe every `keyframeMs`. Returns the session's path. */
export function publishClock(tab, weir, room, { codec = "VP8", keyframeMs = 2000, hue = 0, fps = 25 } = {}) {
  return tab.ask(
    async ([url, mime, everyMs, hue, fps]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [320, 180];
      const context = canvas.getContext("2d", { alpha: false });
      let n = 0;
      setInterval(() => {
        context.fillStyle = `hsl(${hue}, 70%, 45%)`;
        context.fillRect(0, 0, 320, 180);
        context.fillStyle = "#fff";
        context.fillRect((n += 4) % 300, 60, 20, 20);
        context.font = "40px monospace";
        context.fillText(`${n / 4}`, 60, 150);
        const stamp = Math.floor(Date.now() / 4);
        for (let bit = 0; bit < 16; bit += 1) {
          context.fillStyle = (stamp >> bit) & 1 ? "#fff" : "#000";
          context.fillRect(bit * 20, 0, 20, 20);
        }
      }, 1000 / fps);
      const pc = new RTCPeerConnection();
      const [track] = canvas.captureStream(fps).getVideoTracks();
      track.contentHint = "detail";
      const transceiver = pc.addTransceiver(track, { direction: "sendonly", sendEncodings: [{ maxBitrate: 800_000 }] });
      const codecs = RTCRtpSender.getCapabilities("video").codecs.filter(({ mimeType }) => mimeType === `video/${mime}`);
      transceiver.setCodecPreferences(codecs);
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      const { sender } = transceiver;
      setInterval(() => sender.setParameters(sender.getParameters(), { encodingOptions: [{ keyFrame: true }] }), everyMs);
      return response.headers.get("Location");
    },
    [weir.whip(room), codec, keyframeMs, hue, fps],
  );
}

/** Watches, and notes of every frame that is shown when that was and how old the picture is. Returns the session's path. */
export function watchClock(tab, weir, room, { codec = "VP8" } = {}) {
  return tab.ask(
    async ([url, mime]) => {
      const pc = new RTCPeerConnection();
      const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
      const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => [`video/${mime}`, "video/rtx"].includes(mimeType)));
      const video = document.createElement("video");
      [video.muted, video.autoplay, video.width, video.height] = [true, true, 320, 180];
      pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
      document.body.append(video);
      const context = Object.assign(document.createElement("canvas"), { width: 320, height: 20 }).getContext("2d", { willReadFrequently: true });
      const shown = (globalThis.__shown ??= []);
      const mine = [];
      shown.push(mine);
      const look = (_, { receiveTime, rtpTimestamp }) => {
        context.drawImage(video, 0, 0, 320, 180);
        const { data } = context.getImageData(0, 10, 320, 1);
        let stamp = 0;
        for (let bit = 0; bit < 16; bit += 1) stamp |= (data[(bit * 20 + 10) * 4] > 128 ? 1 : 0) << bit;
        const now = Date.now();
        mine.push([now, ((Math.floor(now / 4) - stamp) & 0xffff) * 4, receiveTime, rtpTimestamp]);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
      await pc.setLocalDescription(await pc.createOffer());
      const asked = Date.now();
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) {
        pc.close();
        throw new Error(`${response.status}: ${await response.text()}`);
      }
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      await video.play().catch(() => undefined);
      return { path: response.headers.get("Location"), asked, number: shown.length - 1 };
    },
    [weir.whep(room), codec],
  );
}

/** Of the viewer with this number in the tab: `[when, age]` of each frame that it has shown, in milliseconds. */
export const shownBy = (tab, number = 0) => tab.ask((n) => globalThis.__shown?.[n] ?? [], number);
