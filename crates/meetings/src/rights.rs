//! Who may do what, as one table. Nothing is allowed that does not stand in it.

use crate::account::{Account, Grant};
use crate::id::AccountId;
use crate::meeting::Meeting;

/// What somebody is to a meeting, or to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Of the meeting, or of the account.
    Host,
    CoHost,
    /// Has an account.
    Participant,
    /// Has none.
    Guest,
    /// Looks after the node. In meetings of their own admins are hosts like everybody.
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its settings, its co-hosts, and who is banned.
    SeeMeeting,
    ChangeMeeting,
    EndMeeting,
    DeleteMeeting,
    /// Comes in when it is locked, and without the passcode.
    EnterAnyway,
    /// Asks for a recording.
    Record,
    /// Sees who gets the recording.
    SeeRecipients,
    SeeAccount,
    ChangeAccount,
    DeleteAccount,
}

impl Action {
    pub const ALL: [Action; 10] = [
        Action::SeeMeeting,
        Action::ChangeMeeting,
        Action::EndMeeting,
        Action::DeleteMeeting,
        Action::EnterAnyway,
        Action::Record,
        Action::SeeRecipients,
        Action::SeeAccount,
        Action::ChangeAccount,
        Action::DeleteAccount,
    ];
}

pub fn may(role: Role, action: Action) -> bool {
    match role {
        Role::Host => true,
        Role::CoHost => matches!(
            action,
            Action::SeeMeeting
                | Action::ChangeMeeting
                | Action::EndMeeting
                | Action::EnterAnyway
                | Action::Record
                | Action::SeeRecipients
        ),
        Role::Participant => matches!(action, Action::Record),
        Role::Guest => false,
        // An admin keeps order. What is said in a meeting is not part of that, so a passcode is asked of admins too.
        Role::Admin => matches!(
            action,
            Action::SeeMeeting
                | Action::EndMeeting
                | Action::DeleteMeeting
                | Action::Record
                | Action::SeeAccount
                | Action::DeleteAccount
        ),
    }
}

/// What somebody is to a meeting.
pub fn role_in(meeting: &Meeting, account: Option<&Account>) -> Role {
    match account {
        None => Role::Guest,
        Some(account) if account.id == meeting.host => Role::Host,
        Some(account) if meeting.settings.co_hosts.contains(&account.id) => Role::CoHost,
        Some(account) => beyond(account),
    }
}

/// What somebody is to an account.
pub fn role_for(whose: &AccountId, account: &Account) -> Role {
    if account.id == *whose { Role::Host } else { beyond(account) }
}

fn beyond(account: &Account) -> Role {
    match account.grant {
        Grant::Admin => Role::Admin,
        Grant::Person => Role::Participant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_less_may_less() {
        let count = |role| Action::ALL.iter().filter(|action| may(role, **action)).count();
        let counts = [Role::Host, Role::CoHost, Role::Participant, Role::Guest].map(count);
        assert_eq!(counts, [10, 6, 1, 0]);
        for action in Action::ALL {
            assert!(may(Role::Host, action) && !may(Role::Guest, action));
            assert!(!may(Role::Participant, action) || may(Role::CoHost, action), "{action:?}");
        }
    }

    #[test]
    fn only_the_host_makes_a_meeting_disappear_and_an_admin_changes_nobody() {
        assert!(!may(Role::CoHost, Action::DeleteMeeting));
        assert!(!may(Role::Admin, Action::ChangeMeeting) && !may(Role::Admin, Action::ChangeAccount));
        assert!(!may(Role::Admin, Action::EnterAnyway));
    }
}
