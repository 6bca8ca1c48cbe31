//! What the system says of our own process. Linux says it in files; elsewhere nothing is known.

use proto::api::AdminProcess;

/// Opens a few files of `/proc`, and one directory with an entry per open file.
pub async fn read(http_connections: usize) -> AdminProcess {
    let read = tokio::task::spawn_blocking(|| {
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        let open = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        AdminProcess {
            memory_bytes: resident(&text("/proc/self/status")),
            // The directory itself is open while it is read.
            open_files: open.and_then(|n| u32::try_from(n.saturating_sub(1)).ok()),
            open_files_max: files_max(&text("/proc/self/limits")),
            http_connections: 0,
        }
    });
    let http_connections = u32::try_from(http_connections).unwrap_or(u32::MAX);
    AdminProcess { http_connections, ..read.await.unwrap_or_default() }
}

/// `VmRSS: 12345 kB`
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// `Max open files            1024                 524288               files`
fn files_max(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_read_as_the_kernel_writes_them() {
        assert_eq!(resident("Name:\tweir\nVmRSS:\t    2048 kB\nVmData:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(files_max("Limit  Soft  Hard\nMax open files            1024    4096   files\n"), Some(1024));
        assert_eq!((resident(""), files_max("Max open files   unlimited  unlimited files")), (None, None));
    }

    #[tokio::test]
    async fn this_very_process_has_memory_and_files() {
        let process = read(3).await;
        assert_eq!(process.http_connections, 3);
        assert!(process.memory_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(process.open_files.is_some_and(|open| open >= 3), "{process:?}");
    }
}
