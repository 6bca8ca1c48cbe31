"""A publisher, a viewer or a WHEP server on aiortc: another implementation's opinion of our WHIP and WHEP.

    aiortc_peer.py publish URL SECONDS
    aiortc_peer.py watch URL SECONDS
    aiortc_peer.py serve PORT SECONDS

Prints one line of JSON for each second: {"state", "sent" or "video", "audio", "width", "height", "brightness"}; the server
says what it is asked.
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


async def serve(_, port, seconds):
    """A WHEP server with full ICE, which shows the bars to everybody who asks. Just enough HTTP for that."""
    sessions = {}

    async def answer(offer):
        connection = RTCPeerConnection()
        connection.addTrack(Bars())
        connection.addTrack(AudioStreamTrack())
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        location = f"/session/{len(sessions)}"
        sessions[location] = connection
        return location, connection.localDescription.sdp

    async def on_request(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        method, path, *_ = head.split()
        length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length")), 0)
        body = (await reader.readexactly(length)).decode()
        fields, text = "", ""
        if method == "post":
            status = "201 Created"
            location, text = await answer(body)
            fields = f"Location: {location}\r\nContent-Type: application/sdp\r\n"
        elif method == "delete" and path in sessions:
            status = "200 OK"
            await sessions.pop(path).close()
            print("deleted", flush=True)
        else:
            status = "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_request, "127.0.0.1", int(port))
    print("listening", flush=True)
    async with server:
        await asyncio.sleep(seconds)


def report(line):
    print(json.dumps(line), flush=True)


async def main():
    verb, url, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    connection = RTCPeerConnection()
    try:
        await {"publish": publish, "watch": watch, "serve": serve}[verb](connection, url, seconds)
    finally:
        await connection.close()


asyncio.run(main())
