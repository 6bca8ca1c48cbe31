//! Any store against [`Memory`], which is simple enough to be read: the same requests in the same order must get the same
//! answers, whatever was chosen to be asked.

use super::sample;
use crate::events::{Progress, Sequence};
use crate::{Account, AuditId, Error, Meeting, Memory, Once, PersonId, Purpose, Store, Token, UnixTime, Version};

/// Asks both for the same `steps` times and compares every answer. The same seed asks for the same.
pub async fn agrees_with_memory(store: &dyn Store, seed: u64, steps: u32) {
    let memory = Memory::default();
    let mut dice = Dice(seed);
    for step in 0..steps {
        let ask = ask(&mut dice);
        let (expected, got) = (answer(&memory, &ask).await, answer(store, &ask).await);
        assert_eq!(got, expected, "seed {seed}, step {step}: {ask:?}");
    }
}

#[derive(Debug)]
enum Ask {
    AddAccount(Account, Option<Once>),
    ReadAccount(u64),
    ReplaceAccount(Account),
    RemoveAccount(u64),
    AddToken(Token),
    ReadToken(u64),
    RemoveToken(u64),
    RemoveTokensOf(u64, Option<u64>),
    RemoveSeats(u64, Option<PersonId>),
    AddMeeting(Meeting, Option<Once>),
    ReadMeeting(u64),
    MeetingsOf(u64, Option<u64>, u32),
    ReplaceMeeting(Meeting),
    RemoveMeeting(u64),
    AddRecipient(u64, u64),
    Recipients(u64),
    AppendAudit(u64),
    Audit(Option<u64>, u32),
    Forget(UnixTime, UnixTime),
    Accounts(Option<u64>, u32),
    AppendEvents(u64, u64),
    Events(u64, u32),
    ForgetEvents(u64, u64),
    SetProgress(u64, u64),
    Progress(u64),
}

/// Few of each, so that what is asked for is often there, taken, or changed.
fn ask(dice: &mut Dice) -> Ask {
    let (n, m) = (dice.below(6), dice.below(6));
    match dice.below(25) {
        0 | 1 => Ask::AddAccount(Account { email: sample::account(m).email, ..sample::account(n) }, once(dice)),
        2 => Ask::ReadAccount(n),
        3 => {
            let (email, version) = (sample::account(m).email, Version(1 + dice.below(3)));
            Ask::ReplaceAccount(Account { email, version, ..sample::account(n) })
        }
        4 => Ask::RemoveAccount(n),
        5 | 6 => {
            let purpose = match dice.below(4) {
                0 => Purpose::Login(sample::account_id(m)),
                1 => Purpose::Reset(sample::account_id(m)),
                _ => sample::seat(n, &sample::meeting_id(m), &person(dice)).purpose,
            };
            Ask::AddToken(Token { expires: UnixTime(dice.below(100)), ..sample::token(dice.below(20), purpose) })
        }
        7 => Ask::ReadToken(dice.below(20)),
        8 => Ask::RemoveToken(dice.below(20)),
        9 => Ask::RemoveTokensOf(n, dice.maybe(20)),
        10 => Ask::RemoveSeats(n, (dice.below(2) == 0).then(|| person(dice))),
        11 | 12 => Ask::AddMeeting(meeting(n, m, dice), once(dice)),
        13 => Ask::ReadMeeting(n),
        14 => Ask::MeetingsOf(m % 3, dice.maybe(6), dice.below(4) as u32),
        15 => Ask::ReplaceMeeting(Meeting { version: Version(1 + dice.below(3)), ..meeting(n, m, dice) }),
        16 => Ask::RemoveMeeting(n),
        17 => Ask::AddRecipient(n, m),
        18 => Ask::Recipients(n),
        19 => {
            if n == 0 {
                Ask::AppendAudit(m)
            } else {
                Ask::Audit(dice.maybe(5), dice.below(4) as u32)
            }
        }
        20 => Ask::Accounts(dice.maybe(6), dice.below(4) as u32),
        21 => Ask::AppendEvents(n, m),
        22 => Ask::Events(dice.below(60), dice.below(6) as u32),
        23 => match dice.below(3) {
            0 => Ask::ForgetEvents(sample::happened(dice.below(5)).time_ms, dice.below(20)),
            1 => Ask::SetProgress(n, dice.below(100)),
            _ => Ask::Progress(n),
        },
        _ => Ask::Forget(UnixTime(dice.below(100)), UnixTime(dice.below(100))),
    }
}

fn meeting(n: u64, host: u64, dice: &mut Dice) -> Meeting {
    let created = UnixTime(dice.below(3));
    Meeting { created, ended: dice.maybe(100).map(UnixTime), ..sample::meeting(n, host % 3) }
}

fn once(dice: &mut Dice) -> Option<Once> {
    let key = dice.maybe(4)?;
    Some(Once { until: UnixTime(dice.below(100)), ..sample::once(key, dice.below(2)) })
}

fn person(dice: &mut Dice) -> PersonId {
    let n = dice.below(6);
    if dice.below(2) == 0 { sample::guest(n) } else { sample::account_id(n).into() }
}

/// As text: errors cannot be compared.
async fn answer(store: &dyn Store, ask: &Ask) -> String {
    let meeting_id = |n: &u64| sample::meeting_id(*n);
    let account_id = |n: &u64| sample::account_id(*n);
    match ask {
        Ask::AddAccount(account, once) => said(store.add_account(account, once.as_ref()).await),
        Ask::ReadAccount(n) => {
            let by_email = said(store.account_by_email(&sample::account(*n).email).await);
            format!("{}, {by_email}", said(store.account(&account_id(n)).await))
        }
        Ask::ReplaceAccount(account) => said(store.replace_account(account).await),
        Ask::RemoveAccount(n) => said(store.remove_account(&account_id(n)).await),
        Ask::AddToken(token) => said(store.add_token(token).await),
        Ask::ReadToken(n) => said(store.token(&sample::hash(*n)).await),
        Ask::RemoveToken(n) => said(store.remove_token(&sample::hash(*n)).await),
        Ask::RemoveTokensOf(n, except) => {
            said(store.remove_tokens_of(&account_id(n), except.map(sample::hash).as_ref()).await)
        }
        Ask::RemoveSeats(n, person) => said(store.remove_seats(&meeting_id(n), person.as_ref()).await),
        Ask::AddMeeting(meeting, once) => said(store.add_meeting(meeting, once.as_ref()).await),
        Ask::ReadMeeting(n) => said(store.meeting(&meeting_id(n)).await),
        Ask::MeetingsOf(n, after, limit) => {
            said(store.meetings_of(&account_id(n), after.as_ref().map(meeting_id).as_ref(), *limit).await)
        }
        Ask::ReplaceMeeting(meeting) => said(store.replace_meeting(meeting).await),
        Ask::RemoveMeeting(n) => said(store.remove_meeting(&meeting_id(n)).await),
        Ask::AddRecipient(n, m) => said(store.add_recipient(&meeting_id(n), &account_id(m)).await),
        Ask::Recipients(n) => said(store.recipients(&meeting_id(n)).await),
        // The number of an entry is the store's own choice.
        Ask::AppendAudit(n) => said(store.append_audit(&sample::audit(*n)).await.map(|_| ())),
        Ask::Audit(after, limit) => audit(store, *after, *limit).await,
        Ask::Accounts(after, limit) => {
            let after = after.map(|n| sample::account(n).email);
            said(store.accounts(after.as_ref(), *limit).await)
        }
        Ask::AppendEvents(from, count) => {
            let batch: Vec<_> = (*from..from + count).map(sample::happened).collect();
            said(store.append_events(&batch).await)
        }
        Ask::Events(after, limit) => {
            let last = said(store.last_event().await);
            format!("{}, {last}", said(store.events(Sequence(*after), *limit).await))
        }
        Ask::ForgetEvents(before_ms, kept_max) => said(store.forget_events(*before_ms, *kept_max).await),
        Ask::SetProgress(n, delivered) => {
            let progress = Progress { delivered: Sequence(*delivered), ..sample::progress(*n) };
            said(store.set_progress(&progress).await)
        }
        Ask::Progress(n) => said(store.progress(&sample::progress(*n).receiver).await),
        Ask::Forget(now, ended_before) => said(store.forget(*now, *ended_before).await),
    }
}

/// A page behind the `after`th entry, by position and without the numbers.
async fn audit(store: &dyn Store, after: Option<u64>, limit: u32) -> String {
    let ids: Vec<AuditId> = match store.audit(None, u32::MAX).await {
        Ok(page) => page.items.into_iter().map(|recorded| recorded.id).collect(),
        Err(error) => return said::<()>(Err(error)),
    };
    let after = after.and_then(|after| ids.get(after as usize).copied());
    let page = store.audit(after, limit).await;
    said(page.map(|page| (page.items.into_iter().map(|recorded| recorded.entry).collect::<Vec<_>>(), page.more)))
}

fn said<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    format!("{result:?}")
}

/// SplitMix64: enough to choose with, and alike everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Nothing every other time.
    fn maybe(&mut self, bound: u64) -> Option<u64> {
        let chosen = self.below(2 * bound);
        (chosen < bound).then_some(chosen)
    }
}
