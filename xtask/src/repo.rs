//! Where the repository is and what is in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder above this crate.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_path_buf()
}

/// One file that is in the repository, or would be after `git add`.
pub struct File {
    /// Relative to the root, with `/`.
    pub path: String,
    /// `None` when it is not text.
    pub text: Option<String>,
}

/// All files that git knows or does not ignore: house rules hold before the commit, not only after it.
pub fn files(root: &Path) -> Result<Vec<File>> {
    let listing = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .context("running git ls-files")?;
    if !listing.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    }
    let mut files = Vec::new();
    for path in String::from_utf8(listing.stdout)?.split('\0').filter(|path| !path.is_empty()) {
        // Listed and not there: deleted, and the deletion not committed.
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        files.push(File { path: path.to_owned(), text: String::from_utf8(bytes).ok() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
