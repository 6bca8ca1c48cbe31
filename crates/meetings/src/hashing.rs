//! Passwords as they are kept: Argon2id with a salt of its own for each, written as a PHC string.
//!
//! It takes tens of milliseconds on purpose. Where and how many at once is up to whoever calls.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::account::PasswordHash;

/// 19 MiB, two passes, one lane: what OWASP asks for at least, about 30 ms of one core.
const COST: Cost = Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

/// More than anybody will have chosen later; beyond it a string is not one of ours.
const COST_MAX: Cost = Cost { memory_kib: 256 * 1024, passes: 16, lanes: 16 };

pub const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

pub fn hash(password: &str, salt: [u8; SALT_BYTES]) -> PasswordHash {
    let derived = derive(password, &salt, COST).expect("the cost is within the bounds of Argon2");
    PasswordHash(phc(COST, &salt, &derived))
}

/// Whether this is the password. A string that cannot be read is nobody's password.
pub fn verify(password: &str, kept: &PasswordHash) -> bool {
    let Some((cost, salt, expected)) = read(&kept.0) else { return false };
    derive(password, &salt, cost).is_some_and(|derived| verify_slices_are_equal(&derived, &expected).is_ok())
}

/// Checked where there is no account, so that both take the same time. It is the hash of no password that anybody knows.
pub fn decoy() -> PasswordHash {
    PasswordHash(phc(COST, &[0; SALT_BYTES], &[0; HASH_BYTES]))
}

fn derive(password: &str, salt: &[u8], cost: Cost) -> Option<[u8; HASH_BYTES]> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES)).ok()?;
    let mut derived = [0; HASH_BYTES];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, &mut derived).ok()?;
    Some(derived)
}

fn phc(cost: Cost, salt: &[u8], derived: &[u8]) -> String {
    let Cost { memory_kib, passes, lanes } = cost;
    let (salt, derived) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(derived));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${derived}")
}

/// A hash keeps the cost it was made with, so that ours may grow.
fn read(text: &str) -> Option<(Cost, [u8; SALT_BYTES], [u8; HASH_BYTES])> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (cost, salt, derived) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = cost.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let cost = Cost { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: cost("p=")? };
    let fits = cost.memory_kib <= COST_MAX.memory_kib && cost.passes <= COST_MAX.passes && cost.lanes <= COST_MAX.lanes;
    let decoded = |text: &str| STANDARD_NO_PAD.decode(text).ok();
    let (salt, derived) = (decoded(salt)?.try_into().ok()?, decoded(derived)?.try_into().ok()?);
    (fits && parts.next().is_none()).then_some((cost, salt, derived))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_one() {
        let kept = hash("correct horse", [7; 16]);
        assert!(kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.0);
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct horse ", &kept) && !verify("", &kept));
        assert_ne!(hash("correct horse", [8; 16]), kept);
    }

    #[test]
    fn the_decoy_is_nobodys_and_costs_the_same() {
        assert!(!verify("", &decoy()) && !verify("password", &decoy()));
        assert_eq!(read(&decoy().0).unwrap().0, COST);
    }

    #[test]
    fn a_hash_of_another_cost_still_counts() {
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let kept = PasswordHash(phc(cheap, &[1; 16], &derive("old password", &[1; 16], cheap).unwrap()));
        assert!(verify("old password", &kept) && !verify("new password", &kept));
    }

    #[test]
    fn what_is_no_hash_of_ours_is_nobodys_password() {
        let good = hash("correct horse", [7; 16]).0;
        let dear = good.replace("m=19456", "m=4000000000");
        let other = good.replace("argon2id", "argon2i");
        for text in ["", "$", "correct horse", &good[..60], &format!("{good}$x"), &dear, &other] {
            assert!(!verify("correct horse", &PasswordHash(text.to_owned())), "{text}");
        }
    }
}
