//! The web client, which the binary carries inside: built before anything that embeds it is compiled.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::{repo, shell};

/// `npm run build`, unless the sources are the ones of the last time.
pub fn build() -> Result<()> {
    let root = repo::root();
    let stamp = root.join(".setup/web-built");
    let print = fingerprint()?;
    if root.join("web/dist/index.html").exists() && std::fs::read_to_string(&stamp).is_ok_and(|last| last == print) {
        return Ok(());
    }
    println!("building the web client");
    if !shell::run(Duration::from_secs(300), "npm", &["run", "--silent", "build", "--prefix", "web"])?.success {
        bail!("the web client does not build");
    }
    std::fs::create_dir_all(root.join(".setup"))?;
    std::fs::write(stamp, print)?;
    Ok(())
}

/// Of everything in `web/` that git knows.
fn fingerprint() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in repo::files(&repo::root())?.iter().filter(|file| file.path.starts_with("web/")) {
        file.path.hash(&mut hasher);
        match &file.text {
            Some(text) => text.hash(&mut hasher),
            None => std::fs::read(repo::root().join(&file.path))?.hash(&mut hasher),
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}
