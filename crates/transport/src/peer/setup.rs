//! From an offer to a waiting peer and its answer.
//!
//! str0m's own SDP is not used on this side: it would renumber, renew ICE credentials by itself and leave out lines that
//! WHIP asks for. What the answer promises is declared to it directly.

use media::codec::Kind;
use str0m::Candidate;
use str0m::format::FormatParams;
use str0m::media::{Frequency, Rid as TheirRid};

use crate::answer::{self, Answer, Facts, Plan, RecvTrack};
use crate::offer::{DtlsRole, Section, SectionKind};

use super::*;

pub(super) fn accept(accept: Accept<'_>) -> Result<(Peer, Answer), Error> {
    let Accept { now, identity, creds, candidates, offer, side, ssrc_seed } = accept;
    offer.validate(side.role())?;
    let mut random = Random(ssrc_seed);
    let cname = format!("{:016x}", random.next());
    let stream = format!("weir-{:016x}", random.next());
    let session = random.next() >> 2; // Firefox wants it to fit a signed 63-bit number.
    let mut taken: Vec<u32> = offer.sections.iter().flat_map(|section| section.ssrcs.iter().copied()).collect();
    let next_ssrc = || {
        loop {
            let ssrc = random.next() as u32;
            if ssrc != 0 && !taken.contains(&ssrc) {
                taken.push(ssrc);
                break ssrc;
            }
        }
    };
    let plans = answer::plan(offer, &side, next_ssrc, &cname)?;

    let (mut rtc, keys) = identity.tapped(|| configure(identity, &creds, &plans).build(now));
    let mut usable = Vec::new();
    for &address in candidates {
        if let Ok(candidate) = Candidate::host(address, "udp")
            && rtc.add_local_candidate(candidate).is_some()
        {
            usable.push(address);
        }
    }
    if usable.is_empty() {
        return Err(Error::NoCandidate);
    }

    let mut receivers = Vec::new();
    let mut extensions = media::ext::Map::new();
    for &(id, kind) in plans.iter().flat_map(|plan| plan.extensions()) {
        extensions.set(kind, id);
    }
    let mut sections = Sections::with_extensions(extensions);
    let mut api = rtc.direct_api();
    api.set_ice_controlling(false);
    api.set_remote_ice_credentials(wire::ice_creds(&offer.ice));
    api.set_remote_fingerprint(str0m::config::Fingerprint {
        hash_func: "sha-256".to_owned(),
        bytes: offer.fingerprint.to_vec(),
    });
    api.start_dtls(offer.dtls_role() == DtlsRole::Client).map_err(|e| Error::Identity(e.to_string()))?;
    for plan in &plans {
        match plan {
            Plan::Receive { section, formats, extensions } => {
                let track = declare(&mut api, section, formats);
                sections.push(&track, |pt| section.rtx(pt));
                receivers.push(track);
                let cc = formats.iter().any(|format| format.feedback.transport_cc);
                if cc && extensions.iter().any(|(_, kind)| *kind == media::ext::Kind::TransportSeq) {
                    api.enable_twcc_feedback();
                }
            }
            Plan::Data { .. } => api.start_sctp(offer.dtls_role() == DtlsRole::Client),
            // Nothing of what a viewer is sent is ever declared to str0m: it then has nothing to seal.
            Plan::Send { .. } | Plan::Reject { .. } => {}
        }
    }

    let facts =
        Facts { identity, creds: &creds, candidates: &usable, dtls_role: offer.dtls_role(), session, stream: &stream };
    let sdp = answer::write(offer, &plans, &facts)?;
    let senders = plans.iter().filter_map(|plan| match plan {
        Plan::Send { track, .. } => Some((**track).clone()),
        _ => None,
    });
    let answer = Answer { sdp, senders: senders.collect(), receivers };
    let tagged_mid = plans.iter().find(|plan| !plan.is_rejected()).map(|plan| plan.mid());
    let beginning = Beginning {
        rtc,
        keys,
        role: side.role(),
        local: creds,
        remote: offer.ice.clone(),
        candidates: usable,
        tagged_mid: tagged_mid.expect("plan() refuses an offer of which nothing is accepted"),
        line: None,
        sections,
    };
    let peer = Peer::begin(now, beginning);
    Ok((peer, answer))
}

fn configure(identity: &Identity, creds: &Creds, plans: &[Plan<'_>]) -> str0m::RtcConfig {
    let mut config = wire::config(identity)
        .set_ice_lite(true)
        .set_local_ice_credentials(wire::ice_creds(creds))
        .set_sctp_max_message_size(MESSAGE_LEN_MAX as u32);
    for plan in plans {
        let Plan::Receive { section, formats, extensions } = plan else {
            continue;
        };
        for format in formats {
            let Some(codec) = format.codec else { continue };
            let (rate, channels) = match codec.kind() {
                Kind::Audio => (Frequency::FORTY_EIGHT_KHZ, Some(2)),
                Kind::Video => (Frequency::NINETY_KHZ, None),
            };
            let rtx = section.rtx(format.pt).map(Into::into);
            // The parameters only matter to code that makes or reads frames, which RTP mode leaves to us.
            let parameters = FormatParams::default();
            config.codec_config().add_config(format.pt.into(), rtx, wire::codec(codec), rate, channels, parameters);
            if let Some(red) = section.red(format.pt) {
                let parameters = FormatParams::default();
                config.codec_config().add_config(red.into(), None, wire::codec(codec), rate, channels, parameters);
            }
        }
        for &(id, kind) in extensions {
            if let Some(extension) = wire::extension(kind) {
                config.extension_map().set(id, extension);
            }
        }
    }
    config
}

/// Tells str0m about one section it is going to receive.
pub(super) fn declare(
    api: &mut str0m::change::DirectApi<'_>,
    section: &Section,
    formats: &[&crate::offer::Format],
) -> RecvTrack {
    let mid = section.label();
    let SectionKind::Media(kind) = section.kind else {
        unreachable!("plan() receives only audio and video");
    };
    let their_mid = mid.as_str().into();
    let media = api.declare_media(their_mid, wire::media_kind(kind));
    for rid in &section.rids {
        media.expect_rid_rx(TheirRid::from(rid.as_str()));
    }
    // With rids, packets name their layer and the SSRC lines are ignored: Firefox has them in another order.
    if section.rids.is_empty()
        && let Some(ssrc) = section.media_ssrc()
    {
        let rtx = section.repair.iter().find(|(media, _)| *media == ssrc).map(|(_, rtx)| *rtx);
        let stream = api.expect_stream_rx(ssrc.into(), rtx.map(Into::into), their_mid, None);
        // Without retransmission there is nothing to be had for a NACK.
        stream.suppress_nack(formats.iter().all(|format| section.rtx(format.pt).is_none()));
    }
    RecvTrack {
        kind,
        mid,
        rids: section.rids.clone(),
        codecs: formats.iter().map(|format| (format.pt, format.choice())).collect(),
        red: formats.iter().find_map(|format| Some((section.red(format.pt)?, format.pt))),
    }
}

/// SplitMix64: spreads the one seed over all that has to differ between sessions. None of it is secret.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
