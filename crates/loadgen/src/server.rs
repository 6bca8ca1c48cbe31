//! What the server's process costs, read from outside in `/proc`.

use std::time::Duration;

use crate::Error;

/// CPU time and memory of a process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all its threads.
    pub cpu: Duration,
    pub rss_bytes: u64,
}

pub fn usage(pid: u32) -> Result<Usage, Error> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).map_err(|source| Error::ServerPid { pid, source })
    };
    let malformed = || Error::ServerPid { pid, source: std::io::ErrorKind::InvalidData.into() };
    let ticks = cpu_ticks(&read("stat")?).ok_or_else(malformed)?;
    let rss_kib = status_kib(&read("status")?, "VmRSS:").ok_or_else(malformed)?;
    // The kernel reports to user space in hundredths of a second on every architecture that Rust runs on.
    Ok(Usage { cpu: Duration::from_millis(ticks * 10), rss_bytes: rss_kib * 1024 })
}

/// utime and stime: fields 14 and 15, counted from 1. The name before them may hold spaces and brackets, so count from
/// the last bracket, which ends field 2.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn status_kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(key))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_whose_name_looks_like_fields_is_read_right() {
        let stat = "42 (a) S 9 (b c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 5 0 12345 1000000 500";
        assert_eq!(cpu_ticks(stat), Some(300));
    }

    #[test]
    fn our_own_process_has_used_memory_and_a_missing_one_says_which() {
        assert!(usage(std::process::id()).unwrap().rss_bytes > 100_000);
        let error = usage(u32::MAX).unwrap_err().to_string();
        assert!(error.contains("4294967295"), "{error}");
    }
}
