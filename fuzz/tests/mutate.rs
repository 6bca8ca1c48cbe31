//! Damage is seeded, varied, bounded, and leaves text readable often enough to get past a parser's first line.

use fuzz::mutate::Mutator;

#[test]
fn one_seed_is_one_sequence_of_damage() {
    let run = |seed| {
        let mut mutator = Mutator::seed(seed);
        (0..50).map(|_| mutator.damage(b"a packet of some length", b"another")).collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn damage_is_varied_and_bounded() {
    let mut mutator = Mutator::seed(1);
    let input = [0x55; 100];
    let damaged: Vec<_> = (0..1000).map(|_| mutator.damage(&input, &[0xaa; 50])).collect();
    assert!(damaged.iter().any(|bytes| bytes.len() < 100) && damaged.iter().any(|bytes| bytes.len() > 100));
    assert!(damaged.iter().filter(|bytes| ***bytes == input).count() < 50);
    assert!(damaged.iter().all(|bytes| bytes.len() < 100 + 4 * 64));
    mutator.damage(&[], &[]);
}

#[test]
fn damaged_text_is_often_text_still() {
    let mut mutator = Mutator::seed(1);
    let input = b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    let damaged: Vec<_> = (0..1000).map(|_| mutator.damage(input, b"a=recvonly\r\n")).collect();
    let intact = |line: &[u8]| damaged.iter().filter(|bytes| bytes.windows(line.len()).any(|w| w == line)).count();
    assert!(intact(b"a=mid:0\r\n") > 300);
    assert!(intact(b"a=recvonly\r\n") > 50);
}
