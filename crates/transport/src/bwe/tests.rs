//! What a viewer on a given path would see, in virtual time.

mod world;

use world::World;

#[test]
fn a_path_of_any_size_is_found_within_seconds() {
    for (kbps, seed) in [(500, 1), (1000, 2), (3000, 3), (10_000, 4)] {
        let capacity = f64::from(kbps) * 1000.0;
        let mut world = World::one(&format!("delay=20ms,rate={kbps}kbps,queue=300ms"), seed);
        world.run(30.0);
        let flow = &world.flows[0];
        let reached = flow.reaches(0.0, 0.9 * capacity);
        let mean = flow.sent_bps(5.0, 30.0) / capacity;
        assert!(
            reached < 5.0 && (0.85..1.05).contains(&mean),
            "{kbps} kbit/s: after {reached:.1} s, then {mean:.2} of it"
        );
    }
}
