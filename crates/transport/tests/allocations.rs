//! Sealing and opening a packet allocates nothing: at 300 packets a second to each of 2,000 viewers an allocation per
//! packet is what a core has time for besides.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use transport::rtcp;
use transport::srtp::{Keys, Opener, Profile, Sealer};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches no memory that is handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn sealing_and_opening_a_packet_allocates_nothing() {
    for profile in [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80] {
        let material = vec![7; 2 * (profile.key_len() + profile.salt_len())];
        let keys = |client| Keys::from_dtls(profile, &material, client).unwrap();
        let (mut sealer, mut opener) = (Sealer::new(&keys(false)), Opener::new(&keys(true)));
        let payload = [9; 1200];
        let mut packet = [0; 1400];
        let mut clear = Vec::with_capacity(1500);
        let mut report = Vec::with_capacity(1500);
        // The first packet of an SSRC makes room for its window.
        let mut round = |index: u64| {
            packet[..12].copy_from_slice(&[0x80, 96, (index >> 8) as u8, index as u8, 0, 0, 0, 0, 0, 0, 0, 5]);
            let len = sealer.seal_rtp_gather(&mut packet, 12, &payload, 5, index).unwrap();
            opener.open_rtp(&packet[..len], &mut clear).unwrap();
            report.clear();
            rtcp::pli(&mut report, 5, 6);
            assert!(sealer.seal_rtcp(&mut report));
            opener.open_rtcp(&report, &mut clear).unwrap();
            assert_eq!(rtcp::read(&clear).count(), 1);
        };
        round(0);
        assert_eq!(counted(|| (1..2000).for_each(&mut round)), 0, "{profile:?}");
    }
    assert!(counted(|| drop(std::hint::black_box(vec![1u8; 100]))) > 0, "the counter counts");
}
