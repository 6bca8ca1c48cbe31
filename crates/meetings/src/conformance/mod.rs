//! What every [`Store`] must do, as one suite that all of them pass: each promise of the trait is a scenario, races included.
//!
//! It is code and not tests, so that a store in another crate can be handed to it; a failure panics with the promise that was
//! broken. Like the rest of this crate it knows no runtime: what polls [`all`] may be any. Two requests that race are polled
//! together ([`race`]), which makes them race in whatever is behind the store.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use crate::Store;

mod accounts;
mod audit;
mod events;
mod forgetting;
mod meetings;
mod model;
pub mod sample;
mod tokens;

pub use model::agrees_with_memory;

/// Runs every scenario, each with an empty store that `fresh` makes.
pub async fn all<S: Store, F: Future<Output = S>>(mut fresh: impl FnMut() -> F) {
    macro_rules! scenarios {
        ($($scenario:path),* $(,)?) => { $( $scenario(&fresh().await).await; )* };
    }
    scenarios![
        accounts::an_account_is_found_by_its_id_and_by_its_address,
        accounts::an_address_and_an_id_belong_to_one_account,
        accounts::of_many_who_sign_up_with_one_address_one_gets_it,
        accounts::a_repeated_request_finds_the_account_that_the_first_one_made,
        accounts::a_key_that_comes_with_another_request_is_refused,
        accounts::a_refused_request_is_not_remembered,
        accounts::of_requests_that_are_repeated_at_once_one_makes_the_account,
        accounts::an_account_is_replaced_by_who_has_read_it_last,
        accounts::an_address_that_was_given_up_is_free_and_one_that_is_not_is_taken,
        accounts::of_many_who_replace_an_account_one_wins,
        accounts::an_account_that_is_removed_takes_its_tokens_and_places_and_leaves_its_meetings,
        accounts::numbers_are_kept_whole_or_refused,
        accounts::names_of_any_script_and_length_come_back_as_they_were,
        accounts::everybody_is_listed_once_in_the_order_of_their_addresses,
        accounts::a_list_of_accounts_goes_on_behind_an_address_that_is_gone,
        tokens::a_token_of_each_purpose_comes_back_as_it_was,
        tokens::a_hash_is_taken_once,
        tokens::a_token_needs_its_account_and_its_meeting,
        tokens::of_fifty_who_use_a_token_up_one_does,
        tokens::all_tokens_of_an_account_but_one_are_removed,
        tokens::the_seats_of_one_person_are_found_with_their_marks,
        tokens::seats_are_removed_of_one_person_or_of_everybody,
        tokens::numbers_are_kept_whole_or_refused,
        meetings::a_meeting_comes_back_as_it_was,
        meetings::an_id_belongs_to_one_meeting,
        meetings::a_repeated_request_finds_the_meeting_that_the_first_one_made,
        meetings::of_requests_that_are_repeated_at_once_one_makes_the_meeting,
        meetings::a_key_for_an_account_is_not_one_for_a_meeting,
        meetings::a_meeting_is_replaced_by_who_has_read_it_last,
        meetings::of_many_who_replace_a_meeting_one_wins,
        meetings::nothing_is_lost_by_writers_who_read_again,
        meetings::numbers_are_kept_whole_or_refused,
        meetings::a_host_leafs_through_their_meetings_the_latest_first,
        meetings::pages_do_not_move_when_something_is_added,
        meetings::a_page_behind_a_meeting_that_is_gone_is_refused,
        meetings::a_meeting_that_is_removed_takes_its_seats_and_recipients,
        meetings::recipients_are_kept_once_and_in_order,
        audit::entries_come_back_from_the_oldest_on,
        audit::of_many_entries_at_once_each_has_a_number_of_its_own,
        audit::numbers_are_kept_whole_or_refused,
        events::events_are_numbered_from_one_on_without_gaps,
        events::events_that_are_appended_at_once_stay_together,
        events::events_are_forgotten_by_age_and_by_number_and_numbers_are_not_used_again,
        events::what_cannot_be_kept_is_refused_whole,
        events::each_receiver_has_its_own_progress,
        forgetting::what_has_expired_is_forgotten_and_nothing_else,
        forgetting::a_forgotten_key_may_be_used_again,
        forgetting::the_ends_of_time_are_no_trap,
        forgetting::much_is_forgotten_in_one_go,
    ];
    for seed in 1..=4 {
        agrees_with_memory(&fresh().await, seed, 400).await;
    }
}

/// All of them under way together, polled in turn until each is done.
pub async fn race<F: Future>(racers: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut racers: Vec<Pin<Box<F>>> = racers.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = racers.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (racer, output) in racers.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(done) = racer.as_mut().poll(context) {
                *output = Some(done);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::Memory;

    #[test]
    fn memory_keeps_every_promise_of_a_store() {
        let mut suite = std::pin::pin!(all(|| std::future::ready(Memory::default())));
        let polled = suite.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready(), "memory never has to wait");
    }
}
