// Publishers and viewers that run in a tab and are not Weir's page: a dozen lines of WHIP and WHEP, for what the page does
// not show, like the address of its session.

/**
 * Publishes a picture of one colour that moves a little. Returns the session's path. `paint` gives it another colour.
 */
export function publishColour(tab, weir, room, colour, codec = "video/VP8") {
  return tab.ask(
    async ([url, fill, mimeType]) => {
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
      const transceiver = pc.addTransceiver(canvas.captureStream(25).getVideoTracks()[0], { direction: "sendonly" });
      const { codecs } = RTCRtpSender.getCapabilities("video");
      transceiver.setCodecPreferences(codecs.filter((codec) => [mimeType, "video/rtx"].includes(codec.mimeType)));
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      return response.headers.get("Location");
    },
    [weir.whip(room), colour, codec],
  );
}

/**
 * Publishes beside others, under a name: a picture of one colour, and a tone instead of a voice, which `speak` turns on and off.
 */
export function publishPerson(tab, weir, room, { name, colour, hz }) {
  return tab.ask(
    async ([url, fill, hz]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [320, 180];
      const context = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        context.fillStyle = fill;
        context.fillRect(0, 0, 320, 180);
        context.fillStyle = "#888";
        context.fillRect((n += 4) % 300, 80, 20, 20);
      }, 40);
      const audio = new AudioContext();
      const [tone, gain, out] = [audio.createOscillator(), audio.createGain(), audio.createMediaStreamDestination()];
      [tone.frequency.value, gain.gain.value] = [hz, 0];
      tone.connect(gain).connect(out);
      tone.start();
      window.voice = gain.gain;
      const pc = new RTCPeerConnection();
      pc.addTransceiver(out.stream.getAudioTracks()[0], { direction: "sendonly" });
      pc.addTransceiver(canvas.captureStream(25).getVideoTracks()[0], { direction: "sendonly" });
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      return response.headers.get("Location");
    },
    [`${weir.whip(room)}?as=${name}`, colour, hz],
  );
}

export function speak(tab, loud) {
  return tab.ask((loud) => void (window.voice.value = loud ? 0.5 : 0), loud);
}

/** Watches with several audio sections. Who is heard in them is said by `tones`. */
export function listenToPeople(tab, weir, room, sections) {
  return tab.ask(
    async ([url, sections]) => {
      const pc = new RTCPeerConnection();
      pc.addTransceiver("video", { direction: "recvonly" });
      for (let n = 0; n < sections; n += 1) pc.addTransceiver("audio", { direction: "recvonly" });
      const video = document.createElement("video");
      [video.muted, video.autoplay] = [true, true];
      const context = new AudioContext();
      window.ears = [];
      pc.ontrack = ({ track }) => {
        const stream = new MediaStream([track]);
        if (track.kind === "video") return void (video.srcObject = stream);
        // Chromium decodes for Web Audio only what an element plays as well.
        const element = new Audio();
        [element.muted, element.srcObject] = [true, stream];
        void element.play();
        const ear = context.createAnalyser();
        ear.fftSize = 2048;
        context.createMediaStreamSource(stream).connect(ear);
        window.ears.push({ element, ear });
      };
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      document.body.append(video);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      await video.play().catch(() => undefined);
      window.listener = pc;
      return response.headers.get("Location");
    },
    [weir.whep(room), sections],
  );
}

/** The frequency of the tone in each audio section, `null` where it is quiet. */
export function tones(tab) {
  return tab.ask(() =>
    window.ears.map(({ ear }) => {
      const bins = new Float32Array(ear.frequencyBinCount);
      ear.getFloatFrequencyData(bins);
      const loudest = bins.reduce((best, value, at) => (value > bins[best] ? at : best), 0);
      return bins[loudest] > -50 ? (loudest * ear.context.sampleRate) / ear.fftSize : null;
    }),
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

/** Publishes sound with redundancy (RFC 2198), which browsers send when it is preferred. */
export function publishRedundantSound(tab, weir, room) {
  return tab.ask(async (url) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const pc = new RTCPeerConnection();
    const transceiver = pc.addTransceiver(stream.getAudioTracks()[0], { direction: "sendonly" });
    const { codecs } = RTCRtpSender.getCapabilities("audio");
    const isRed = (codec) => codec.mimeType === "audio/red";
    transceiver.setCodecPreferences([...codecs.filter(isRed), ...codecs.filter((codec) => codec.mimeType === "audio/opus")]);
    await pc.setLocalDescription(await pc.createOffer());
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
    if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
    await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    return codecs.some(isRed);
  }, weir.whip(room));
}

/** Listens, with redundancy if `red`. What it has heard is said by `heard`. */
export function listenScripted(tab, weir, room, red) {
  return tab.ask(
    async ([url, red]) => {
      const pc = new RTCPeerConnection();
      const transceiver = pc.addTransceiver("audio", { direction: "recvonly" });
      const { codecs } = RTCRtpReceiver.getCapabilities("audio");
      const wanted = red ? ["audio/red", "audio/opus"] : ["audio/opus"];
      transceiver.setCodecPreferences(wanted.flatMap((type) => codecs.filter((codec) => codec.mimeType === type)));
      const audio = document.createElement("audio");
      [audio.muted, audio.autoplay] = [true, true];
      pc.ontrack = ({ track }) => (audio.srcObject = new MediaStream([track]));
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
      if (response.status !== 201) {
        pc.close();
        throw new Error(`${response.status}: ${await response.text()}`);
      }
      document.body.append(audio);
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      window.listener = pc;
    },
    [weir.whep(room), red],
  );
}

/** What a listener has received, and what of it was concealed or lost. */
export function heard(tab) {
  return tab.ask(async () => {
    const report = [...(await window.listener.getStats()).values()];
    const inbound = report.find((entry) => entry.type === "inbound-rtp");
    return {
      packets: inbound?.packetsReceived ?? 0,
      bytesEach: Math.round((inbound?.bytesReceived ?? 0) / Math.max(1, inbound?.packetsReceived ?? 0)),
      concealed: inbound?.concealedSamples ?? 0,
      samples: inbound?.totalSamplesReceived ?? 0,
      lost: inbound?.packetsLost ?? 0,
    };
  });
}

/**
 * Publishes noise of 1280x720 in three layers of at most 150, 500 and 2,500 kbit/s, VP8, and sound. Noise, because an encoder makes less
 * of a picture that does not move than it may.
 */
export function publishNoise(tab, weir, room) {
  return tab.ask(async (url) => {
    const [width, height] = [1280, 720];
    // A camera that pans over something rough, and a sensor's grain: an encoder can predict most of it, as of what people film. Drawn once,
    // larger than the picture, because fresh noise would take longer than a frame.
    const noise = new OffscreenCanvas(width + 512, height + 512);
    const pixels = new ImageData(noise.width, noise.height);
    for (let i = 0; i < pixels.data.length; i += 4) {
      const grey = 96 + Math.random() * 48;
      pixels.data.set([grey, grey, grey, 255], i);
    }
    noise.getContext("2d").putImageData(pixels, 0, 0);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    let n = 0;
    setInterval(() => {
      context.globalAlpha = 1;
      context.drawImage(noise, -256 + 256 * Math.sin(n / 800), -256 + 256 * Math.cos(n / 1100));
      context.globalAlpha = 0.25;
      context.drawImage(noise, -Math.floor(Math.random() * 512), -Math.floor(Math.random() * 512));
      context.globalAlpha = 1;
      context.fillStyle = "#d08020";
      context.fillRect((n += 8) % width, 300, 120, 120);
    }, 40);
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    const pc = new RTCPeerConnection();
    const video = pc.addTransceiver(canvas.captureStream(25).getVideoTracks()[0], {
      direction: "sendonly",
      sendEncodings: [
        { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
        { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
        { rid: "h", maxBitrate: 2_500_000 },
      ],
    });
    // A machine that is busy sends fewer pictures, and not smaller ones: their size says which layer they are of.
    await video.sender.setParameters({ ...video.sender.getParameters(), degradationPreference: "maintain-resolution" });
    const { codecs } = RTCRtpSender.getCapabilities("video");
    video.setCodecPreferences(codecs.filter((codec) => ["video/VP8", "video/rtx"].includes(codec.mimeType)));
    pc.addTransceiver(sound.getAudioTracks()[0], { direction: "sendonly" });
    await pc.setLocalDescription(await pc.createOffer());
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
    if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
    await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    return response.headers.get("Location");
  }, weir.whip(room));
}

/** Watches picture and sound, and takes note of each picture that is decoded: see `pictures`. Returns the session's path. */
export function watchPictures(tab, weir, room) {
  return tab.ask(async (url) => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver("video", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    globalThis.__pictures = [];
    const element = document.createElement("video");
    [element.muted, element.autoplay] = [true, true];
    const watch = async (track) => {
      // What the decoder gives, whether or not this machine finds the time to paint it.
      const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        globalThis.__pictures.push([performance.now(), value.displayWidth]);
        value.close();
      }
    };
    pc.ontrack = ({ track }) => {
      if (track.kind === "audio") return void (element.srcObject = new MediaStream([track]));
      void watch(track);
    };
    await pc.setLocalDescription(await pc.createOffer());
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
    if (response.status !== 201) {
      pc.close();
      throw new Error(`${response.status}: ${await response.text()}`);
    }
    document.body.append(element);
    await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    return response.headers.get("Location");
  }, weir.whep(room));
}

/** The pictures decoded since the last call: how long ago in ms, and how wide. */
export function pictures(tab) {
  return tab.ask(() => {
    const now = performance.now();
    return globalThis.__pictures.splice(0).map(([at, width]) => ({ ago: now - at, width }));
  });
}
