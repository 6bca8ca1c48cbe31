use super::*;

/// What Chrome 12x offers to publish, shortened to what differs in kind.
const CHROME: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    a=extmap-allow-mixed\r\na=msid-semantic: WMS stream\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n\
    a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-options:trickle\r\na=fingerprint:sha-256 \
    D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
    a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
    a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=msid:stream track-a\r\na=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=ssrc:1889 cname:x\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 45 46 114\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n\
    a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=fingerprint:sha-256 \
    D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
    a=setup:actpass\r\na=mid:1\r\na=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
    a=extmap:99 urn:3gpp:video-orientation\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\n\
    a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:103 H264/90000\r\na=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
    a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\na=rtpmap:107 H264/90000\r\n\
    a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f\r\na=rtpmap:108 rtx/90000\r\n\
    a=fmtp:108 apt=107\r\na=rtpmap:45 AV1/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\na=rtpmap:46 rtx/90000\r\n\
    a=fmtp:46 apt=45\r\na=rtpmap:114 ulpfec/90000\r\na=rid:h send\r\na=rid:m send\r\na=rid:l send\r\n\
    a=simulcast:send h;~m;l\r\na=ssrc-group:FID 20 21\r\na=ssrc:20 cname:x\r\na=ssrc:21 cname:x\r\n";

fn chrome(replace: &str, with: &str) -> Result<Offer, Error> {
    assert!(CHROME.contains(replace), "{replace}");
    Offer::parse(&CHROME.replace(replace, with))
}

fn refused(replace: &str, with: &str) -> String {
    chrome(replace, with).and_then(|offer| offer.validate(Role::Publish)).unwrap_err().to_string()
}

#[test]
fn a_browsers_offer_is_read() {
    let offer = Offer::parse(CHROME).unwrap();
    offer.validate(Role::Publish).unwrap();
    assert_eq!(offer.ice().ufrag, "EsAw");
    assert_eq!(offer.fingerprint[..2], [0xd2, 0xfa]);
    let audio: Vec<_> = offer.codecs(Kind::Audio).map(|choice| choice.to_string()).collect();
    assert_eq!(audio, ["opus"]);
    let video: Vec<_> = offer.codecs(Kind::Video).map(|choice| choice.to_string()).collect();
    assert_eq!(video, ["VP8", "H264 baseline", "AV1 profile 0"], "mode 0 is left out beside mode 1");
    let section = offer.media(Kind::Video).unwrap();
    assert_eq!(section.rids.iter().map(|rid| rid.as_str()).collect::<Vec<_>>(), ["h", "m", "l"]);
    assert_eq!((section.rtx(96), section.rtx(114), section.media_ssrc()), (Some(97), None, Some(20)));
    let feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };
    assert_eq!(section.formats[0].feedback, feedback);
    assert_eq!(section.extensions.len(), 3, "ids above 14 are left out");
    assert!(offer.supports(&CodecChoice { codec: Codec::Vp8, fmtp: String::new() }));
    assert!(!offer.supports(&CodecChoice { codec: Codec::Vp9, fmtp: String::new() }));
}

#[test]
fn line_ends_without_carriage_return_are_taken() {
    assert_eq!(Offer::parse(&CHROME.replace('\r', "")), Offer::parse(CHROME));
}

#[test]
fn what_makes_no_session_is_refused_and_the_message_says_what_to_do() {
    for (replace, with, words) in [
        ("a=mid:1\r\n", "", "has no a=mid"),
        ("a=mid:1\r\n", "a=mid:0\r\n", "shares its a=mid"),
        ("a=group:BUNDLE 0 1\r\n", "", "bundle all sections"),
        ("a=group:BUNDLE 0 1\r\n", "a=group:BUNDLE 0\r\n", "bundle all sections"),
        ("a=rtcp-mux\r\na=rtcp-rsize\r\n", "", "a=rtcp-mux"),
        ("a=setup:actpass\r\na=mid:0", "a=setup:holdconn\r\na=mid:0", "offer actpass"),
        (
            "a=sendonly\r\na=rtcp-mux\r\na=rtcp-rsize",
            "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize",
            "is recvonly; a publisher",
        ),
        ("a=sendonly\r\na=msid", "a=inactive\r\na=msid", "is inactive; a publisher offers sendonly or sendrecv"),
        ("opus/48000/2", "opus/16000/1", "offer one of opus/48000/2"),
        ("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP", "neither audio nor video over"),
        ("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", "both ends are ICE-lite"),
        ("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 111", "payload type twice"),
        ("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=audio 9 UDP/TLS/RTP/SAVPF 96 97", "more than 1 audio"),
    ] {
        let text = refused(replace, with);
        assert!(text.contains(words), "{replace}: {text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let line = |replace, with| match chrome(replace, with) {
        Err(Error::Malformed { line, problem }) => (line, problem),
        other => panic!("{replace}: {other:?}"),
    };
    assert_eq!(line("v=0\r\n", "").0, 1);
    assert_eq!(line("s=-\r\n", "nonsense\r\n").0, 3);
    assert_eq!(line("m=audio 9 UDP", "m=audio x UDP").0, 8);
    assert!(line("RTP/SAVPF 111 63", "RTP/SAVPF 111 163").1.contains("0 to 127"));
    assert!(line("a=mid:0\r\n", "a=mid:12345678901234567\r\n").1.contains("16 characters"));
    assert!(line("h;~m;l", "h;h").1.contains("twice"));
    assert!(line("h;~m;l", "a-layer-with-a-long-name").1.contains("8 letters"));
    assert!(line("D2:FA", "D2:FAX").1.contains("fingerprint"));
    assert!(line("a=ice-ufrag:EsAw", "a=ice-ufrag:E").1.contains("username"));
    assert!(line("s=-", "s=\u{7}").1.contains("control"));
    let missing = |replace, with| chrome(replace, with).unwrap_err();
    assert_eq!(missing("a=ice-ufrag:EsAw\r\n", ""), Error::Missing { what: "a=ice-ufrag" });
    assert_eq!(
        missing("fingerprint:sha-256", "fingerprint:sha-512"),
        Error::Missing { what: "an a=fingerprint with sha-256" }
    );
    assert!(missing("a=fingerprint", "a=footprint").is_syntax());
}

#[test]
fn everything_that_could_grow_is_bounded() {
    assert!(matches!(Offer::parse(&"x".repeat(LEN_MAX + 1)), Err(Error::TooLong { .. })));
    let many = |line: &str, count: usize| Offer::parse(&format!("{CHROME}{}", line.repeat(count)));
    for (line, count) in [
        ("a=b\r\n", LINES_MAX),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", SECTIONS_MAX),
        ("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", CANDIDATES_MAX + 1),
    ] {
        assert!(matches!(many(line, count), Err(Error::TooMany { .. })), "{line}");
    }
    let ssrcs: String = (100..200).map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n")).collect();
    assert!(matches!(Offer::parse(&format!("{CHROME}{ssrcs}")), Err(Error::TooMany { .. })));
    let formats: String = (0..100).map(|pt| format!(" {pt}")).collect();
    assert!(matches!(
        Offer::parse(&format!("{CHROME}m=video 9 UDP/TLS/RTP/SAVPF{formats}\r\n")),
        Err(Error::TooMany { .. })
    ));
    assert!(matches!(chrome("h;~m;l", "1;2;3;4;5;6;7"), Err(Error::TooMany { .. })));
    assert!(matches!(chrome("s=-", &format!("s={}", "x".repeat(LINE_LEN_MAX))), Err(Error::Malformed { line: 3, .. })));
}

#[test]
fn a_viewer_offers_to_receive() {
    let offer = chrome("a=sendonly", "a=recvonly").unwrap();
    assert_eq!(offer.validate(Role::Watch), Ok(()));
    let error = Offer::parse(CHROME).unwrap().validate(Role::Watch).unwrap_err();
    assert!(error.to_string().contains("is sendonly; a viewer offers recvonly or sendrecv"));
    assert!(!error.is_syntax());
    assert_eq!(chrome("a=sendonly", "a=sendrecv").unwrap().validate(Role::Watch), Ok(()));
    let error = Offer::parse(CHROME.split("m=audio").next().unwrap()).unwrap_err();
    assert_eq!(error, Error::Missing { what: "a=ice-ufrag" });
}

#[test]
fn a_session_level_transport_serves_sections_without_their_own() {
    // As ffmpeg and older GStreamer write it.
    let mut lines: Vec<&str> = CHROME.split_inclusive("\r\n").collect();
    let transport = |line: &&str| {
        ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"].iter().any(|name| line.starts_with(name))
    };
    let moved: Vec<&str> = lines.iter().copied().filter(transport).take(4).collect();
    lines.retain(|line| !transport(line));
    let text = lines.concat().replacen("t=0 0\r\n", &format!("t=0 0\r\n{}", moved.concat()), 1);
    let offer = Offer::parse(&text).unwrap();
    assert_eq!(offer.validate(Role::Publish), Ok(()));
    assert_eq!(offer.ice(), Offer::parse(CHROME).unwrap().ice());
}

/// What a viewer offers that wants to hear and see so many, each section of video with every codec.
fn gallery(voices: usize, pictures: usize) -> String {
    let (head, rest) = CHROME.split_once("m=audio").expect("it has a microphone");
    let (audio, video) = rest.split_once("m=video").expect("it has a camera");
    let video = video.split("a=rid:").next().expect("what comes before its layers");
    let mids: Vec<String> = (0..voices + pictures).map(|mid| mid.to_string()).collect();
    let mut text = head.replace("BUNDLE 0 1", &format!("BUNDLE {}", mids.join(" ")));
    for mid in &mids[..voices] {
        text += &format!("m=audio{}", audio.replace("a=mid:0", &format!("a=mid:{mid}")));
    }
    for mid in &mids[voices..] {
        text += &format!("m=video{}", video.replace("a=mid:1", &format!("a=mid:{mid}")));
    }
    text.replace("a=sendonly", "a=recvonly")
}

#[test]
fn a_viewer_may_ask_for_fifty_pictures_and_sixteen_voices_and_for_no_more() {
    let validate = |voices, pictures| Offer::parse(&gallery(voices, pictures)).unwrap().validate(Role::Watch);
    assert_eq!(validate(VOICES_MAX, PICTURES_MAX), Ok(()));
    let refused = |voices, pictures| validate(voices, pictures).unwrap_err().to_string();
    assert!(refused(1, PICTURES_MAX + 1).contains("50"), "{}", refused(1, PICTURES_MAX + 1));
    assert!(refused(VOICES_MAX + 1, 1).contains("16"), "{}", refused(VOICES_MAX + 1, 1));
    let publishes = Offer::parse(&gallery(1, 2).replace("a=recvonly", "a=sendonly")).unwrap();
    assert!(matches!(publishes.validate(Role::Publish), Err(Error::TooManyTracks { kind: Kind::Video, most: 1 })));
}
