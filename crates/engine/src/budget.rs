//! How a viewer's line is shared among its video tracks.
//!
//! Every track's smallest step comes first, by priority; then the tracks go up in turn, again by priority, whole steps at
//! a time. That order depends on the tracks alone, and a step is given when it fits with all that come before it: so more
//! bandwidth never gives a track less. What a track does not have yet has to fit with room to spare, so an estimate that
//! wobbles does not make it go up and down. Pure arithmetic: knows no track, no estimate and no time.
//!
//! ```text
//! in turn:   a base   b base   c base   a step 1   b step 1   a step 2
//! needs:     100      +100     +100     +400       +400       +1500
//! available: ├───────────────────── 1200 ────────────────┤                what c has: its base
//! ```

/// What a step up has to fit with: an estimate that wobbles by a tenth each way moves by 1.1 / 0.9 = 1.222.
pub const UP_PERCENT: u64 = 125;
/// A picture this much lower than was wished for is as good: 540 lines in a box of 600.
const HEIGHT_PERCENT: u64 = 90;

/// A layer on show may cost this much of what it may cost: rates wobble, and nobody should see that.
const CEILING_PERCENT: u64 = 110;

/// One of the ways in which a track can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Simulcast layer.
    pub layer: u8,
    /// Highest layers within it.
    pub spatial: u8,
    pub temporal: u8,
    /// 0 when it is silent: then it is no choice.
    pub bps: u64,
    pub height: Option<u32>,
}

/// A track that a viewer wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The highest is served first; among equals the first.
    pub priority: u8,
    /// Lines that the viewer has room to show.
    pub height_max: Option<u32>,
    /// What it may cost.
    pub bps_max: Option<u64>,
    /// The simulcast layer that the viewer named: it is sent whatever the line carries, before all else.
    pub layer: Option<u8>,
    /// What it is sent, if anything.
    pub current: Option<Step>,
    /// In any order.
    pub steps: &'a [Step],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Send(Step),
    /// Nothing, until so much is available. 0 when the track itself has nothing to send.
    Paused {
        needs_bps: u64,
    },
}

/// What each track gets, in the order of `tracks`, of `available_bps`: what the viewer's line carries less its audio;
/// `None` while nothing is known of the line, and then everybody gets the best. The base of the first track by priority
/// is sent even if it does not fit: nothing is worse than too much.
pub fn allocate(available_bps: Option<u64>, tracks: &[Wanted<'_>]) -> Vec<Choice> {
    let ladders: Vec<Vec<Step>> = tracks.iter().map(ladder).collect();
    let mut choices = vec![Choice::Paused { needs_bps: 0 }; tracks.len()];
    let Some(available) = available_bps else {
        for (choice, ladder) in choices.iter_mut().zip(&ladders) {
            *choice = ladder.last().map_or(*choice, |best| Choice::Send(*best));
        }
        return choices;
    };
    let (named, mut turns): (Vec<usize>, Vec<usize>) =
        (0..tracks.len()).filter(|track| !ladders[*track].is_empty()).partition(|track| tracks[*track].layer.is_some());
    turns.sort_by_key(|track| std::cmp::Reverse(tracks[*track].priority));
    let rungs_max = ladders.iter().map(Vec::len).max().unwrap_or(0);
    let mut total = 0u64;
    for &track in &named {
        let Some(best) = ladders[track].last() else { continue };
        choices[track] = Choice::Send(*best);
        total = total.saturating_add(best.bps);
    }
    for rung in 0..rungs_max {
        for (place, &track) in turns.iter().enumerate() {
            let Some(step) = ladders[track].get(rung) else { continue };
            let below = if rung == 0 { 0 } else { ladders[track][rung - 1].bps };
            // Counted whether or not it fits: what comes later waits for it, so that nobody loses by there being more.
            total = total.saturating_add(step.bps - below);
            let needs_bps = needs(total, tracks[track].current, step);
            if needs_bps <= available || (rung == 0 && place == 0 && named.is_empty()) {
                choices[track] = Choice::Send(*step);
            } else if rung == 0 {
                choices[track] = Choice::Paused { needs_bps };
            }
        }
    }
    choices
}

/// The steps that a track may be given, from the smallest to the largest, each larger than the one before.
fn ladder(track: &Wanted<'_>) -> Vec<Step> {
    let is_named = |step: &Step| track.layer.is_none_or(|layer| step.layer == layer);
    let mut steps: Vec<Step> = track.steps.iter().copied().filter(|step| step.bps > 0 && is_named(step)).collect();
    steps.sort_by_key(|step| step.bps);
    steps.dedup_by_key(|step| step.bps);
    // All rates of the lowest height that will do; a step whose height is not known may be any.
    let will_do = |height: u32, wish: u32| u64::from(height) * 100 >= u64::from(wish) * HEIGHT_PERCENT;
    if let Some(wish) = track.height_max
        && let Some(enough) = steps.iter().filter_map(|step| step.height).filter(|h| will_do(*h, wish)).min()
    {
        let most = steps.iter().filter(|step| step.height == Some(enough)).map(|step| step.bps).max();
        steps.retain(|step| Some(step.bps) <= most && step.height.is_none_or(|height| height <= enough));
    }
    if let Some(most) = track.bps_max {
        let percent = |step: &Step| match track.current {
            Some(current) if current.layer == step.layer => CEILING_PERCENT,
            _ => 100,
        };
        let within = |step: &Step| step.bps * 100 <= most.saturating_mul(percent(step));
        steps.truncate(steps.iter().rposition(within).map_or(1, |last| last + 1));
    }
    steps
}

/// What has to be available for `total` when its last part is `step` of a track that has `current`.
fn needs(total: u64, current: Option<Step>, step: &Step) -> u64 {
    match current {
        Some(current) if step.bps <= current.bps => total,
        _ => total.saturating_mul(UP_PERCENT) / 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step(layer: u8, kbps: u64, height: u32) -> Step {
        Step { layer, spatial: 0, temporal: 0, bps: kbps * 1000, height: Some(height) }
    }

    fn simulcast() -> Vec<Step> {
        vec![step(0, 150, 180), step(1, 600, 360), step(2, 2500, 720)]
    }

    fn wanted(steps: &[Step], priority: u8, current: Option<usize>) -> Wanted<'_> {
        Wanted { priority, height_max: None, bps_max: None, layer: None, current: current.map(|at| steps[at]), steps }
    }

    /// The layer of each track, -1 for none.
    fn layers(kbps: u64, tracks: &[Wanted<'_>]) -> Vec<i8> {
        let layer = |choice: &Choice| match choice {
            Choice::Send(step) => step.layer as i8,
            Choice::Paused { .. } => -1,
        };
        allocate(Some(kbps * 1000), tracks).iter().map(layer).collect()
    }

    #[test]
    fn one_track_gets_the_best_that_fits_and_a_step_up_needs_room_to_spare() {
        let steps = simulcast();
        let at = |kbps, current| layers(kbps, &[wanted(&steps, 0, current)])[0];
        assert_eq!([9000, 2500, 2499, 600, 599].map(|kbps| at(kbps, Some(2))), [2, 2, 1, 1, 0]);
        assert_eq!([3125, 3124, 750, 749].map(|kbps| at(kbps, Some(0))), [2, 1, 1, 0]);
        assert_eq!((at(20, None), at(0, Some(2))), (0, 0), "the only base is sent, come what may");
        assert_eq!(allocate(None, &[wanted(&steps, 0, None)]), [Choice::Send(steps[2])]);
    }

    #[test]
    fn all_bases_come_before_anybody_goes_up_and_then_by_priority() {
        let steps = simulcast();
        let tracks = [wanted(&steps, 1, Some(2)), wanted(&steps, 7, Some(2)), wanted(&steps, 1, Some(2))];
        assert_eq!(layers(400, &tracks), [0, 0, -1]);
        assert_eq!(layers(450, &tracks), [0, 0, 0]);
        assert_eq!(layers(900, &tracks), [0, 1, 0]);
        assert_eq!(layers(1350, &tracks), [1, 1, 0]);
        assert_eq!(layers(3700, &tracks), [1, 2, 1]);
        assert_eq!(layers(7500, &tracks), [2, 2, 2]);
    }

    #[test]
    fn a_paused_track_says_what_would_bring_it_back() {
        let steps = simulcast();
        let tracks = [wanted(&steps, 1, Some(0)), wanted(&steps, 0, None)];
        let Choice::Paused { needs_bps } = allocate(Some(200_000), &tracks)[1] else { panic!("it does not fit") };
        assert_eq!(needs_bps, 375_000);
        assert_eq!(layers(374, &tracks), [0, -1]);
        assert_eq!(layers(375, &tracks), [0, 0]);
        assert_eq!(allocate(Some(9_000_000), &[wanted(&[], 0, None)]), [Choice::Paused { needs_bps: 0 }]);
    }

    #[test]
    fn nobody_gets_more_lines_than_it_shows() {
        let steps = simulcast();
        let at = |height| {
            let wish = Wanted { height_max: Some(height), ..wanted(&steps, 0, Some(2)) };
            (layers(9000, &[wish])[0], allocate(None, &[wish]).len())
        };
        assert_eq!([1, 180, 200, 201, 360, 400, 401, 720, 4000].map(|h| at(h).0), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
        let rates = [step(0, 100, 360), Step { temporal: 2, ..step(0, 300, 360) }, step(1, 900, 720)];
        let wish = Wanted { height_max: Some(300), ..wanted(&rates, 0, Some(2)) };
        assert_eq!(allocate(Some(9_000_000), &[wish]), [Choice::Send(rates[1])], "with all its pictures per second");
        let unknown = [Step { height: None, ..rates[0] }, Step { height: None, ..rates[2] }];
        let wish = Wanted { height_max: Some(300), ..wanted(&unknown, 0, None) };
        assert_eq!(allocate(None, &[wish]), [Choice::Send(unknown[1])]);
    }

    #[test]
    fn a_ceiling_picks_the_best_layer_below_it_and_the_smallest_if_there_is_none() {
        let steps = simulcast();
        let at = |kbps: u64, current| {
            layers(9000, &[Wanted { bps_max: Some(kbps * 1000), ..wanted(&steps, 0, current) }])[0]
        };
        assert_eq!([0, 149, 150, 599, 600, 2499, 2500, 9000].map(|kbps| at(kbps, None)), [0, 0, 0, 0, 1, 1, 2, 2]);
        assert_eq!([546, 545].map(|kbps| at(kbps, Some(1))), [1, 0], "what is on show may wobble by a tenth");
    }

    #[test]
    fn a_layer_that_was_named_is_sent_before_all_else() {
        let steps = simulcast();
        let named = Wanted { layer: Some(1), ..wanted(&steps, 0, Some(1)) };
        let tracks = [wanted(&steps, 7, Some(0)), named];
        assert_eq!(layers(749, &tracks), [-1, 1]);
        assert_eq!(layers(750, &tracks), [0, 1]);
        assert_eq!(layers(20, &tracks), [-1, 1]);
    }

    #[test]
    fn a_silent_layer_is_no_choice() {
        let steps = [step(0, 0, 180), step(1, 600, 360), step(2, 0, 720)];
        assert_eq!(layers(9000, &[wanted(&steps, 0, None)]), [1]);
        assert_eq!(layers(9000, &[wanted(&steps[..1], 0, None)]), [-1]);
    }

    /// Tracks from numbers: priority, wish, which step is current, rates.
    type Numbers = (u8, Option<u32>, usize, Vec<u64>);

    fn numbers() -> impl Strategy<Value = Vec<Numbers>> {
        let track = (0u8..3, proptest::option::of(1u32..1500), 0usize..6, proptest::collection::vec(0u64..3000, 0..6));
        proptest::collection::vec(track, 0..6)
    }

    fn ladders(numbers: &[Numbers]) -> Vec<Vec<Step>> {
        let steps = |(_, _, _, rates): &Numbers| {
            rates.iter().enumerate().map(|(n, kbps)| step(n as u8, *kbps, 180 << n)).collect()
        };
        numbers.iter().map(steps).collect()
    }

    fn tracks<'a>(numbers: &[Numbers], ladders: &'a [Vec<Step>]) -> Vec<Wanted<'a>> {
        let track = |((priority, height_max, current, _), steps): (&Numbers, &'a Vec<Step>)| Wanted {
            priority: *priority,
            height_max: *height_max,
            bps_max: None,
            layer: None,
            current: steps.get(*current).copied(),
            steps,
        };
        numbers.iter().zip(ladders).map(track).collect()
    }

    fn bps(choice: &Choice) -> u64 {
        match choice {
            Choice::Send(step) => step.bps,
            Choice::Paused { .. } => 0,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Fails when a step is counted beside the one that it replaces, or the second base is sent in any case.
        #[test]
        fn no_more_is_given_than_there_is(numbers in numbers(), kbps in 0u64..20_000) {
            let ladders = ladders(&numbers);
            let choices = allocate(Some(kbps * 1000), &tracks(&numbers, &ladders));
            let sent: Vec<u64> = choices.iter().map(bps).filter(|bps| *bps > 0).collect();
            prop_assert!(sent.iter().sum::<u64>() <= kbps * 1000 || sent.len() == 1, "{choices:?}");
            for (choice, steps) in choices.iter().zip(&ladders) {
                if let Choice::Send(step) = choice {
                    prop_assert!(steps.contains(step));
                }
            }
        }

        /// Fails when a step that does not fit is not counted, so that one of another track gets its place.
        #[test]
        fn more_bandwidth_never_gives_a_track_less(numbers in numbers(), kbps in 0u64..20_000, more in 0u64..5_000) {
            let ladders = ladders(&numbers);
            let tracks = tracks(&numbers, &ladders);
            let (less, more) = (allocate(Some(kbps * 1000), &tracks), allocate(Some((kbps + more) * 1000), &tracks));
            prop_assert!(less.iter().zip(&more).all(|(less, more)| bps(less) <= bps(more)), "{less:?} {more:?}");
        }

        /// Fails when a step up needs no more than staying, or 120 %.
        #[test]
        fn an_estimate_that_wobbles_by_a_tenth_moves_nobody_twice(
            numbers in numbers(), kbps in 0u64..20_000, wobbles in proptest::collection::vec(900u64..=1100, 2..30)
        ) {
            let ladders = ladders(&numbers);
            let mut tracks = tracks(&numbers, &ladders);
            let mut ways: Vec<Vec<std::cmp::Ordering>> = vec![Vec::new(); tracks.len()];
            // The first answer is to a line that was another before.
            for (round, wobble) in [1000].into_iter().chain(wobbles).enumerate() {
                let choices = allocate(Some(kbps * wobble), &tracks);
                for ((track, choice), ways) in tracks.iter_mut().zip(&choices).zip(&mut ways) {
                    let (before, after) = (track.current.map_or(0, |step| step.bps), bps(choice));
                    if before != after && round > 0 {
                        ways.push(after.cmp(&before));
                    }
                    track.current = if let Choice::Send(step) = choice { Some(*step) } else { None };
                }
            }
            for ways in ways {
                let turned = ways.windows(2).filter(|pair| pair[0] != pair[1]).count();
                prop_assert!(turned == 0, "{ways:?}");
            }
        }

        #[test]
        fn what_a_paused_track_says_it_needs_brings_it_back(numbers in numbers(), kbps in 0u64..20_000) {
            let ladders = ladders(&numbers);
            let tracks = tracks(&numbers, &ladders);
            for (n, choice) in allocate(Some(kbps * 1000), &tracks).iter().enumerate() {
                if let Choice::Paused { needs_bps: needs @ 1.. } = choice {
                    let sent = |bps| matches!(allocate(Some(bps), &tracks)[n], Choice::Send(_));
                    prop_assert!(sent(*needs) && !sent(needs - 1));
                }
            }
        }
    }
}
