use super::*;
use proptest::prelude::*;

use Indication::{Discardable, NotPresent, Required, Switch};

/// One spatial layer, two temporal ones: key, base, upper.
fn l1t2() -> Structure {
    let template = |temporal, indications: [Indication; 2], diffs: &[u16], chain| Template {
        spatial: 0,
        temporal,
        indications: indications.into_iter().collect(),
        diffs: diffs.iter().copied().collect(),
        chain_diffs: [chain].into_iter().collect(),
    };
    Structure {
        id_offset: 60,
        targets: 2,
        protected_by: vec![0, 0],
        chains: 1,
        templates: vec![
            template(0, [Switch, Switch], &[], 0),
            template(0, [Switch, Required], &[2], 2),
            template(1, [NotPresent, Discardable], &[1], 1),
        ],
        resolutions: vec![(640, 360)],
    }
}

fn frame(structure: &Structure, template: u8, number: u16) -> Descriptor {
    let template_id = (structure.id_offset + template) & 0x3f;
    let shape = structure.template(template_id).unwrap();
    Descriptor {
        start: true,
        end: true,
        template_id,
        frame_number: Seq(number),
        spatial: shape.spatial,
        temporal: shape.temporal,
        indications: shape.indications,
        diffs: shape.diffs,
        chain_diffs: shape.chain_diffs,
        structure_attached: template == 0,
        active_targets: structure.all_targets(),
        resolution: structure.resolutions.first().copied(),
    }
}

fn encoded(descriptor: &Descriptor, structure: &Structure) -> Vec<u8> {
    let mut out = Vec::new();
    descriptor.encode(structure, &mut out);
    out
}

#[test]
fn later_frames_are_understood_through_the_structure_of_the_key_frame() {
    let structure = l1t2();
    let mut parser = Parser::new();
    let frames = [frame(&structure, 0, 65_535), frame(&structure, 2, 0), frame(&structure, 1, 1)];
    for frame in frames {
        let bytes = encoded(&frame, &structure);
        assert_eq!(bytes.len() > 3, frame.structure_attached);
        assert_eq!(parser.parse(&bytes), Ok(frame));
    }
    assert_eq!(parser.structure(), Some(&structure));
    assert_eq!((structure.target_layers(0), structure.target_layers(1)), ((0, 0), (0, 1)));
}

#[test]
fn a_frame_may_differ_from_its_template() {
    let structure = l1t2();
    let mut parser = Parser::new();
    parser.parse(&encoded(&frame(&structure, 0, 1), &structure)).unwrap();
    let odd = Descriptor {
        indications: [Required, NotPresent].into_iter().collect(),
        diffs: [1, 16, 17, 256, 4096].into_iter().collect(),
        chain_diffs: [200].into_iter().collect(),
        ..frame(&structure, 1, 2)
    };
    assert_eq!(parser.parse(&encoded(&odd, &structure)), Ok(odd));
}

#[test]
fn active_targets_stay_in_force_until_they_are_changed() {
    let structure = l1t2();
    let mut parser = Parser::new();
    let key = Descriptor { active_targets: 0b01, ..frame(&structure, 0, 1) };
    assert_eq!(parser.parse(&encoded(&key, &structure)).unwrap().active_targets, 0b01);
    assert_eq!(parser.parse(&encoded(&frame(&structure, 1, 2), &structure)).unwrap().active_targets, 0b01);
    // Flags with only the active targets given, then two bits of mask.
    let wider = [0xc0 | 61, 0, 3, 0b0100_0110];
    assert_eq!(parser.parse(&wider).unwrap().active_targets, 0b11);
    assert_eq!(parser.parse(&encoded(&frame(&structure, 1, 4), &structure)).unwrap().active_targets, 0b11);
}

#[test]
fn a_frame_before_any_structure_is_refused_and_a_malformed_one_changes_nothing() {
    let structure = l1t2();
    let delta = encoded(&frame(&structure, 1, 2), &structure);
    let mut parser = Parser::new();
    assert_eq!(parser.parse(&delta), Err(Error::Descriptor("no structure came before it")));
    let key = encoded(&frame(&structure, 0, 1), &structure);
    for len in 0..key.len() {
        assert!(parser.parse(&key[..len]).is_err(), "{len}");
        assert_eq!(parser.structure(), None);
    }
    parser.parse(&key).unwrap();
    let unknown_template = [0xc0 | 20, 0, 3];
    assert_eq!(parser.parse(&unknown_template), Err(Error::Descriptor("it names a template that is not")));
    assert!(parser.parse(&delta).is_ok());
}

#[test]
fn the_descriptor_wins_over_the_payload() {
    let structure = l1t2();
    // To the VP8 reader this payload is a key frame; the descriptor knows better.
    let payload = [0x10, 0x00];
    let upper = frame(&structure, 2, 7);
    let facts = crate::facts(crate::Codec::Vp8, &payload, true, Some(&upper));
    assert!(!facts.keyframe && facts.discardable && !facts.switch_point);
    assert_eq!(facts.temporal, 1);
    let key = Descriptor { end: false, ..frame(&structure, 0, 8) };
    let facts = crate::facts(crate::Codec::Av1, b"sealed", true, Some(&key));
    assert!(facts.keyframe && facts.frame_start && !facts.frame_end && facts.switch_point && !facts.discardable);
}

#[test]
fn a_frame_number_is_replaced_in_place() {
    let structure = l1t2();
    let mut bytes = encoded(&frame(&structure, 0, 1), &structure);
    assert!(renumber(&mut bytes, Seq(0xabcd)));
    assert_eq!(frame_number(&bytes), Some(Seq(0xabcd)));
    assert_eq!(Parser::new().parse(&bytes), Ok(frame(&structure, 0, 0xabcd)));
    assert!(!renumber(&mut [0, 0], Seq(1)) && frame_number(&[0, 0]).is_none());
}

/// 32 targets, 64 templates with 16 references each, 4 sizes: every limit of the format at once.
#[test]
fn the_largest_structure_fits_the_reader() {
    let mut templates = Vec::new();
    for spatial in 0..4 {
        for temporal in 0..8 {
            for _ in 0..2 {
                templates.push(Template {
                    spatial,
                    temporal,
                    indications: std::iter::repeat_n(Required, 32).collect(),
                    diffs: std::iter::repeat_n(16, 16).collect(),
                    chain_diffs: std::iter::repeat_n(15, 32).collect(),
                });
            }
        }
    }
    let structure = Structure {
        id_offset: 63,
        targets: 32,
        protected_by: (0..32).collect(),
        chains: 32,
        templates,
        resolutions: vec![(65_536, 65_536); 4],
    };
    let key = frame(&structure, 0, 9);
    let bytes = encoded(&key, &structure);
    let mut parser = Parser::new();
    assert_eq!(parser.parse(&bytes), Ok(key));
    assert_eq!(parser.structure(), Some(&structure));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic_and_what_it_reads_can_be_written(
        first in proptest::collection::vec(any::<u8>(), 0..60),
        second in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut first = first;
        if first.len() > 4 {
            first[3] |= 0x80; // attach a structure, or nothing is ever understood
        }
        let mut parser = Parser::new();
        for bytes in [first, second] {
            if let Ok(descriptor) = parser.parse(&bytes) {
                let structure = parser.structure().unwrap().clone();
                let written = encoded(&descriptor, &structure);
                let mut again = parser.clone();
                prop_assert_eq!(again.parse(&written), Ok(descriptor));
            }
        }
    }
}
