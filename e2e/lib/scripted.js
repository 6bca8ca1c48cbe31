// Publishers and viewers that run in a tab and are not Weir's page: a dozen lines of WHIP and WHEP, for what the page does
// not show, like the address of its session.

/**
 * Publishes a picture of one colour that moves a little, VP8. Returns the session's path. `paint` gives it another colour.
 */
export function publishColour(tab, weir, room, colour) {
  return tab.ask(
    async ([url, fill]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [320, 180];
      const context = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        context.fillStyle = globalThis.__colour ?? fill;
        context.fillRect(0, 0, 320, 180);
        context.fillStyle = "#888";
        context.fillRect((n += 4) % 300, 80, 20, 20);
      }, 40);
      const pc = new RTCPeerConnection();
      pc.addTransceiver(canvas.captureStream(25).getVideoTracks()[0], { direction: "sendonly" });
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      return response.headers.get("Location");
    },
    [weir.whip(room), colour],
  );
}

/** From now on the tab's picture has this colour. */
export function paint(tab, colour) {
  return tab.ask((fill) => void (globalThis.__colour = fill), colour);
}

/** Watches; `name` is what an older client calls itself. Returns the session's path and its `Link` header. */
export function watchScripted(tab, weir, room, name) {
  return tab.ask(
    async ([url, subuuid]) => {
      const pc = new RTCPeerConnection();
      pc.addTransceiver("video", { direction: "recvonly" });
      const video = document.createElement("video");
      [video.muted, video.autoplay] = [true, true];
      pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
      await pc.setLocalDescription(await pc.createOffer());
      const headers = { "Content-Type": "application/sdp", "X-deadsfu-subuuid": subuuid };
      const response = await fetch(url, { method: "POST", headers, body: pc.localDescription.sdp });
      if (response.status !== 201) {
        // Whoever tries again does so from the start.
        pc.close();
        throw new Error(`${response.status}: ${await response.text()}`);
      }
      document.body.append(video);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      await video.play().catch(() => undefined);
      return { path: response.headers.get("Location"), link: response.headers.get("Link") };
    },
    [weir.whep(room), name],
  );
}
