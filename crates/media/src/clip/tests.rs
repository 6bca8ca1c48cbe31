use std::time::Duration;

use super::packetise::PAYLOAD_LEN_MAX;
use super::picture::Picture;
use super::*;
use crate::check::{Checker, View};
use crate::{RtpTime, Seq, codec};

const CODECS: [Codec; 2] = [Codec::H264, Codec::Vp8];

/// A small clip: a square that moves over a ground that does not.
fn small() -> Coded {
    let picture = |n: usize| {
        let mut picture = Picture::new(64, 40, [40, 120, 130]);
        (0..100).for_each(|i| picture.planes[0].set(n * 9 + i % 10, 7 + i / 10, 200));
        (0..25).for_each(|i| picture.planes[1].set(n * 4 + i % 5, 3 + i / 5, 90));
        picture
    };
    Coded::encode(&[picture(0), picture(1), picture(1), picture(2)], 9_000)
}

/// What a viewer would get of `frames` pictures of the endless loop.
fn judged(clip: &Clip, codec: Codec, frames: u64) -> crate::check::Report {
    let mut checker = Checker::new(codec);
    let (mut seq, mut time, mut at) = (Seq(0), RtpTime(0), Duration::ZERO);
    for n in 0..frames {
        let frame = clip.frame(codec, n).unwrap();
        for (i, payload) in frame.payloads.iter().enumerate() {
            let mut payload = payload.clone();
            if codec == Codec::Vp8 {
                let numbers = codec::vp8::Numbers { picture_id: n as u16, tl0: 0, keyidx: 0 };
                assert!(codec::vp8::rewrite(&mut payload, numbers));
            }
            let marker = i + 1 == frame.payloads.len();
            checker.push(at, &View { seq, time, marker, payload: &payload, dd: None });
            seq = Seq(seq.0.wrapping_add(1));
        }
        time = RtpTime(time.0.wrapping_add(frame.ticks));
        at += Duration::from_secs(1) * frame.ticks / 90_000;
    }
    checker.finish()
}

#[test]
fn the_built_in_clip_is_a_clean_stream_for_as_long_as_it_is_shown() {
    let clip = Clip::builtin();
    for codec in CODECS {
        let report = judged(&clip, codec, 200);
        assert!(report.is_clean(), "{codec}: {:?}", report.verdicts);
        assert_eq!((report.frames, report.keyframes), (200, 10), "{codec}");
    }
}

#[test]
fn the_built_in_clip_is_small_and_can_be_entered_every_two_seconds() {
    let clip = Clip::builtin();
    for codec in CODECS {
        let track = clip.track(codec).unwrap();
        assert_eq!((track.width, track.height, track.ticks(), track.frames().len()), (640, 360, 180_000, 20));
        let len = |frame: &Frame| frame.payloads.iter().map(Vec::len).sum::<usize>();
        let sizes: Vec<usize> = track.frames().iter().map(len).collect();
        assert!(sizes[0] <= 15_000, "{codec}: a key frame of {} bytes", sizes[0]);
        let kbps = sizes.iter().sum::<usize>() * 8 / 2_000;
        assert!(kbps <= 100, "{codec}: {kbps} kbit/s");
        for (n, frame) in track.frames().iter().enumerate() {
            assert_eq!(frame.keyframe, n == 0);
            assert!(frame.payloads.iter().all(|payload| payload.len() <= PAYLOAD_LEN_MAX));
            let first = codec::facts(codec, &frame.payloads[0], frame.payloads.len() == 1, None);
            assert_eq!((first.keyframe, first.frame_start), (frame.keyframe, true), "{codec} {n}");
        }
    }
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(Coded::builtin(), Coded::builtin());
}

#[test]
fn other_codecs_have_no_clip() {
    assert!(Clip::from(&small()).frame(Codec::Av1, 3).is_none());
}

#[test]
fn a_clip_comes_back_from_its_file() {
    for coded in [small(), Coded::builtin()] {
        let file = coded.write();
        assert_eq!(Coded::read(&file), Ok(coded.clone()));
        assert_eq!(Clip::read(&file), Ok(Clip::from(&coded)));
    }
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_reason() {
    let file = small().write();
    assert_eq!(Coded::read(b"RIFF"), Err(Error::NotAClip));
    for len in 8..file.len() {
        assert_eq!(Coded::read(&file[..len]), Err(Error::ClipCut), "{len}");
    }
    assert_eq!(Coded::read(&[&file[..], &[1, 2]].concat()), Err(Error::ClipTail(2)));
    let with = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[at] = byte;
        Coded::read(&file)
    };
    assert_eq!(with(8, 2), Err(Error::ClipVersion(2)));
    assert_eq!(with(9, 1), Err(Error::ClipLoops));
    assert_eq!(with(10, 3), Err(Error::ClipLoops));
    assert_eq!(with(11, 9), Err(Error::Clip { codec: Codec::H264, problem: "a loop has 2 to 300 pictures" }));
    // The profile, behind ticks, length, start code and unit header of the first picture.
    let problem = "it is not of the constrained baseline profile at level 3.1 or below";
    assert_eq!(with(26, 77), Err(Error::ClipFrame { codec: Codec::H264, frame: 0, problem }));
}

#[test]
fn a_loop_that_a_viewer_could_not_follow_is_refused() {
    let frames = |reel: &Reel| reel.frames().iter().map(|frame| (frame.ticks, frame.data.clone())).collect::<Vec<_>>();
    for (codec, good) in [(Codec::H264, frames(&small().h264)), (Codec::Vp8, frames(&small().vp8))] {
        assert!(Reel::new(codec, good.clone()).is_ok());
        let refused = |frames: Vec<(u32, Vec<u8>)>| Reel::new(codec, frames).unwrap_err().to_string();
        assert!(refused(good[1..].to_vec()).contains("does not begin with a key frame"));
        assert!(refused(vec![good[0].clone()]).contains("2 to 300"));
        let slow = |ticks| good.iter().map(|(_, data)| (ticks, data.clone())).collect::<Vec<_>>();
        assert!(refused(slow(0)).contains("up to three seconds"));
        assert!(refused(slow(100_000)).contains("no key frame for more than three"));
        let long = (0..301).map(|_| good[0].clone()).collect::<Vec<_>>();
        assert!(refused(long).contains("2 to 300"));
        let long = (0..12).map(|_| (90_000, good[0].1.clone())).collect::<Vec<_>>();
        assert!(refused(long).contains("longer than ten seconds"));
    }
    let other = frames(&Coded::builtin().vp8);
    let mixed = [frames(&small().vp8), other].concat();
    assert!(Reel::new(Codec::Vp8, mixed).unwrap_err().to_string().contains("differs from the first"));
}

#[test]
fn what_encoders_write_becomes_a_clip() {
    let coded = small();
    let stream: Vec<u8> = coded.h264.frames().iter().flat_map(|frame| frame.data.clone()).collect();
    let frames = coded.vp8.frames().iter().enumerate().map(|(n, frame)| (n as u64, &frame.data[..]));
    let file = ivf::write(64, 40, frames);
    assert_eq!(Coded::from_streams(&stream, &file, 9_000), Ok(coded));
}
