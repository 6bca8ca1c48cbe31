//! The flags that set configuration, shared by every command that reads it.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::config::{Flag, Loaded, Sources, load};

#[derive(Debug, Clone, Default, Args)]
pub struct Setup {
    /// Configuration file; without it weir.toml here, else /etc/weir/weir.toml, else none
    #[arg(long, value_name = "FILE", env = "WEIR_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where to serve HTTP [http.listen]
    #[arg(long, value_name = "ADDR:PORT")]
    pub http: Option<String>,
    /// UDP address and first port for media; worker i uses PORT+i [media.listen]
    #[arg(long, value_name = "ADDR:PORT")]
    pub media: Option<String>,
    /// Threads that carry media; 0 is one per core [media.workers]
    #[arg(long, value_name = "N")]
    pub workers: Option<String>,
    /// Address offered to clients instead of the interfaces' own; repeat for more [media.advertise]
    #[arg(long, value_name = "ADDR")]
    pub advertise: Vec<String>,
    /// Who needs a token: auto, token (everybody) or open (nobody) [auth.mode]
    #[arg(long, value_name = "MODE")]
    pub auth: Option<String>,
    /// Another server to pull rooms from that nobody publishes here [upstream.url]
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// Directory for what the node writes [data.dir]
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// Set any key of the configuration, as in --set log.level=debug
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
}

impl Setup {
    /// The configuration in force: defaults, file, environment, these flags.
    pub fn load(&self) -> Result<Loaded> {
        let sources = Sources {
            file: self.config.clone(),
            places: vec!["weir.toml".into(), "/etc/weir/weir.toml".into()],
            // What is not UTF-8 cannot be one of our values.
            env: std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            flags: self.flags()?,
        };
        load(&sources).map_err(|sentence| anyhow!(sentence))
    }

    /// Named flags come last: they are the more deliberate ones.
    fn flags(&self) -> Result<Vec<Flag>> {
        let mut flags = Vec::new();
        for text in &self.set {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| anyhow!("--set {text}: write section.key=VALUE, for example log.level=debug"))?;
            flags.push(Flag { name: "--set".to_owned(), key: key.trim().to_owned(), value: value.to_owned() });
        }
        let advertise = (!self.advertise.is_empty()).then(|| self.advertise.join(","));
        let named = [
            ("--http", "http.listen", &self.http),
            ("--media", "media.listen", &self.media),
            ("--workers", "media.workers", &self.workers),
            ("--advertise", "media.advertise", &advertise),
            ("--auth", "auth.mode", &self.auth),
            ("--upstream", "upstream.url", &self.upstream),
            ("--data", "data.dir", &self.data),
        ];
        for (name, key, value) in named {
            if let Some(value) = value {
                flags.push(Flag { name: name.to_owned(), key: key.to_owned(), value: value.clone() });
            }
        }
        Ok(flags)
    }
}
