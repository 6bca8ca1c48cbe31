"""What schemathesis cannot know of our interface: what an offer looks like, and which accounts and meetings there are."""

import os

import schemathesis
from hypothesis import strategies as st

OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=rtcp-mux",
        "a=setup:actpass",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=%s",
        "a=rtpmap:96 VP8/90000",
        "",
    ]
)
OFFERS = [(OFFER % direction).encode() for direction in ("sendonly", "recvonly")]
FRAGMENT = b"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"


def damaged(whole):
    """Whole, cut off somewhere, or with bytes of something else in it."""
    cut = st.builds(lambda text, at: text[: at % len(text)], whole, st.integers(0, 10_000))
    spoilt = st.builds(lambda text, at, more: text[: at % len(text)] + more + text[at % len(text) :], whole, st.integers(0, 10_000), st.binary(max_size=40))
    return st.one_of(whole, cut, spoilt, st.binary(max_size=200))


schemathesis.openapi.media_type("application/sdp", damaged(st.sampled_from(OFFERS)))
schemathesis.openapi.media_type("application/trickle-ice-sdpfrag", damaged(st.just(FRAGMENT)))

KNOWN = {"/account/{id}": os.environ.get("WEIR_ACCOUNT"), "/meeting/": os.environ.get("WEIR_MEETING")}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other id is one that there is: what is refused for being unknown shows nothing of the rest."""
    for begin, known in KNOWN.items():
        if known and path_parameters and context.operation.path.startswith(begin) and "id" in path_parameters:
            if len(str(path_parameters["id"])) % 2 == 0:
                path_parameters["id"] = known
    return path_parameters
