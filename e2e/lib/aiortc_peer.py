"""A publisher or a viewer on aiortc: another implementation's opinion of our WHIP and WHEP.

    aiortc_peer.py publish URL SECONDS
    aiortc_peer.py watch URL SECONDS

Prints one line of JSON for each second: {"state", "sent" or "video", "audio", "width", "height", "brightness"}.
"""

import asyncio
import json
import sys
import urllib.error
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import VideoFrame

WIDTH, HEIGHT = 320, 240


class Bars(VideoStreamTrack):
    """Vertical bars that move: something a canvas can tell from black and from a frozen picture."""

    def __init__(self):
        super().__init__()
        self.sent = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        shift = self.sent * 4
        row = bytes(60 + 150 * (((x + shift) // 40) % 2) for x in range(frame.planes[0].line_size))
        frame.planes[0].update(row * HEIGHT)
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        self.sent += 1
        return frame


def post(url, offer):
    request = urllib.request.Request(url, data=offer.encode(), headers={"Content-Type": "application/sdp"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f"{url}: {error.code} {error.read().decode()}")


async def connect(connection, url):
    # aiortc gathers all candidates before this returns.
    await connection.setLocalDescription(await connection.createOffer())
    answer = await asyncio.to_thread(post, url, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))


async def publish(connection, url, seconds):
    bars = Bars()
    connection.addTrack(bars)
    connection.addTrack(AudioStreamTrack())
    await connect(connection, url)
    for _ in range(seconds):
        await asyncio.sleep(1)
        report({"state": connection.connectionState, "sent": bars.sent})


async def watch(connection, url, seconds):
    seen = {"video": 0, "audio": 0, "width": 0, "height": 0, "brightness": 0}

    @connection.on("track")
    def on_track(track):
        asyncio.ensure_future(consume(track))

    async def consume(track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            seen[track.kind] += 1
            if track.kind == "video":
                luma = bytes(frame.planes[0])
                seen.update(width=frame.width, height=frame.height, brightness=sum(luma) // max(len(luma), 1))

    connection.addTransceiver("video", direction="recvonly")
    connection.addTransceiver("audio", direction="recvonly")
    await connect(connection, url)
    for _ in range(seconds):
        await asyncio.sleep(1)
        report({"state": connection.connectionState, **seen})


def report(line):
    print(json.dumps(line), flush=True)


async def main():
    verb, url, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    connection = RTCPeerConnection()
    try:
        await {"publish": publish, "watch": watch}[verb](connection, url, seconds)
    finally:
        await connection.close()


asyncio.run(main())
