//! `weir account`: accounts of a node, in its data folder, while it runs or not.
//!
//! A running node reads what is written here with its next request, and hears of ended logins from the log of events within a
//! second or two. There is no way over the network that an operator would have to be let in by.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use meetings::{
    Account, AccountId, AuditEntry, Email, Error, Grant, Password, PasswordHash, PersonName, Purpose, Secret, Store,
    Token, UnixTime, Version, edit, hashing,
};
use proto::account::{AccountGrant, AccountView};
use proto::event::What;
use signal::{chronicle, people};
use store::Sqlite;

use crate::config::Config;
use crate::output;
use crate::setup::Setup;

/// Accounts read in one go.
const PAGE: u32 = 200;

/// How long the link of a new account, or of one without a password, is good: somebody has to be reached.
const LINK_AGE: Duration = Duration::from_secs(24 * 3600);

/// More than a password may be long, so that a file that is none is told so.
const INPUT_BYTES_MAX: u64 = 4096;

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account; prints a link at which its owner chooses a password, once, within a day
    Create(CreateAccount),
    /// List all accounts, in the order of their addresses
    List {
        #[command(flatten)]
        setup: Setup,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show one account as JSON
    Show {
        #[command(flatten)]
        setup: Setup,
        /// Its address, or its id
        #[arg(value_name = "EMAIL|ID")]
        who: String,
    },
    /// Let an account do more than look after its own meetings
    Grant {
        #[command(flatten)]
        setup: Setup,
        #[arg(value_name = "EMAIL")]
        email: Email,
        grant: GrantName,
    },
    /// Take that back
    Revoke {
        #[command(flatten)]
        setup: Setup,
        #[arg(value_name = "EMAIL")]
        email: Email,
        grant: GrantName,
    },
    /// End an account's password and all its logins; prints a link at which its owner chooses another one
    ResetPassword {
        #[command(flatten)]
        setup: Setup,
        #[arg(value_name = "EMAIL")]
        email: Email,
        /// Set the password from standard input instead of printing a link
        #[arg(long)]
        stdin: bool,
    },
}

#[derive(Debug, Args)]
pub struct CreateAccount {
    #[command(flatten)]
    pub setup: Setup,
    #[arg(value_name = "EMAIL")]
    pub email: Email,
    /// What others see; without it what stands before the @
    #[arg(long, value_name = "NAME")]
    pub name: Option<PersonName>,
    /// It administers the node
    #[arg(long)]
    pub admin: bool,
    /// Set the password from standard input instead of printing a link
    #[arg(long)]
    pub stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum GrantName {
    /// Sees and ends everything on the node
    Admin,
}

pub fn run(command: AccountCommand) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(carry_out(command))
}

async fn carry_out(command: AccountCommand) -> Result<ExitCode> {
    match command {
        AccountCommand::Create(args) => create(args).await,
        AccountCommand::List { setup, json } => list(&Office::enter(&setup).await?, json).await,
        AccountCommand::Show { setup, who } => show(&Office::enter(&setup).await?, &who).await,
        AccountCommand::Grant { setup, email, grant: GrantName::Admin } => {
            grant(&Office::enter(&setup).await?, &email, Grant::Admin).await
        }
        AccountCommand::Revoke { setup, email, grant: GrantName::Admin } => {
            grant(&Office::enter(&setup).await?, &email, Grant::Person).await
        }
        AccountCommand::ResetPassword { setup, email, stdin } => {
            reset_password(&Office::enter(&setup).await?, &email, stdin).await
        }
    }
}

/// The node's accounts, and what is needed to work on them.
struct Office {
    config: Config,
    store: Sqlite,
}

impl Office {
    /// Where a node has been: a typing error in the folder's name must not make an empty one.
    async fn enter(setup: &Setup) -> Result<Office> {
        let config = setup.load()?.config;
        let dir = &config.data.dir;
        if !dir.join("weir.db").exists() {
            bail!(
                "there are no accounts in {} yet; name the node's folder with --data, or make one: weir account create EMAIL",
                dir.display()
            );
        }
        Office::open(config).await
    }

    async fn open(config: Config) -> Result<Office> {
        let store = Sqlite::open(&config.data.dir).await?;
        Ok(Office { config, store })
    }

    async fn find(&self, email: &Email) -> Result<Account> {
        self.store.account_by_email(email).await?.ok_or_else(|| nobody(email.as_str()))
    }

    /// For other programs, and for the node if it runs.
    async fn tell(&self, what: What, action: &str, account: &AccountId) -> Result<()> {
        let entry = AuditEntry {
            at: now(),
            actor: "weir account".to_owned(),
            action: action.to_owned(),
            object: account.to_string(),
            detail: String::new(),
        };
        self.store.append_audit(&entry).await?;
        let happened = chronicle::happened(&self.config.events.node(), chronicle::now_ms(), &what);
        self.store.append_events(&[happened]).await?;
        Ok(())
    }

    /// Good once, for a day, for choosing a password.
    async fn link(&self, account: &AccountId) -> Result<String> {
        let secret = Secret::from_random(people::random());
        let purpose = Purpose::Reset(account.clone());
        self.store
            .add_token(&Token { hash: secret.hash(), purpose, created: now(), expires: now().after(LINK_AGE) })
            .await?;
        let base = people::own_url(self.config.http.public_url().as_deref(), self.config.http.listen.0);
        Ok(format!("{base}/reset#{}\n", secret.reveal()))
    }
}

async fn create(args: CreateAccount) -> Result<ExitCode> {
    let CreateAccount { setup, email, name, admin, stdin } = args;
    let name = name.unwrap_or_else(|| people::name_of(&email));
    let password = match stdin {
        true => typed(&email, &name)?,
        false => nobodys(),
    };
    let office = Office::open(setup.load()?.config).await?;
    let account = Account {
        id: AccountId::from_random(people::random_id()),
        email,
        // Whoever runs the node says whose it is.
        confirmed: true,
        name,
        password,
        grant: if admin { Grant::Admin } else { Grant::Person },
        created: now(),
        version: Version::default(),
    };
    match office.store.add_account(&account, None).await {
        Ok(_) => {}
        Err(Error::Taken) => bail!("{} has an account already; weir account show {0}", account.email),
        Err(error) => return Err(error.into()),
    }
    let (account_id, name) = (account.id.to_string(), account.name.to_string());
    office.tell(What::AccountCreated { account_id: account_id.clone(), name }, "account.create", &account.id).await?;
    if admin {
        let what = What::AccountGranted { account_id, grant: AccountGrant::Admin };
        office.tell(what, "account.grant", &account.id).await?;
    }
    let text = if stdin { format!("{}\n", account.id) } else { office.link(&account.id).await? };
    close(office, &text).await
}

async fn list(office: &Office, json: bool) -> Result<ExitCode> {
    let mut after = None;
    if !json {
        output::print(&row("EMAIL", "NAME", "GRANT", "CONFIRMED", "SINCE", "ID"))?;
    }
    loop {
        let page = office.store.accounts(after.as_ref(), PAGE).await?;
        let mut text = String::new();
        for account in &page.items {
            if json {
                text += &serde_json::to_string(&view(account)).context("writing JSON")?;
                text.push('\n');
                continue;
            }
            let grant = if account.grant == Grant::Admin { "admin" } else { "-" };
            let confirmed = if account.confirmed { "yes" } else { "no" };
            let since = date(account.created);
            text += &row(account.email.as_str(), account.name.as_str(), grant, confirmed, &since, account.id.as_str());
        }
        output::print(&text)?;
        after = page.items.last().map(|account| account.email.clone());
        if !page.more {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

async fn show(office: &Office, who: &str) -> Result<ExitCode> {
    let account = match who.parse::<AccountId>() {
        Ok(id) => office.store.account(&id).await?.ok_or_else(|| nobody(who))?,
        Err(_) => office.find(&who.parse().context("name an account by its address or its id")?).await?,
    };
    output::json(&view(&account))
}

async fn grant(office: &Office, email: &Email, grant: Grant) -> Result<ExitCode> {
    let before = office.find(email).await?;
    if before.grant == grant {
        let has = if grant == Grant::Admin { "administers the node already" } else { "does not administer the node" };
        return output::print(&format!("{email} {has}\n"));
    }
    let account = edit::grant(&office.store, email, grant).await?;
    let view = view(&account);
    let (action, says) = match grant {
        Grant::Admin => ("account.grant", "administers the node now"),
        Grant::Person => ("account.revoke", "does not administer the node any more"),
    };
    office.tell(What::AccountGranted { account_id: view.account_id, grant: view.grant }, action, &account.id).await?;
    output::print(&format!("{email} {says}\n"))
}

async fn reset_password(office: &Office, email: &Email, stdin: bool) -> Result<ExitCode> {
    let account = office.find(email).await?;
    let password = match stdin {
        true => typed(email, &account.name)?,
        false => nobodys(),
    };
    edit::reset_password(&office.store, &account.id, password).await?;
    office.tell(What::AccountSecured { account_id: account.id.to_string() }, "account.reset", &account.id).await?;
    match stdin {
        true => output::print(&format!("{email} has another password, and is logged out everywhere\n")),
        false => output::print(&office.link(&account.id).await?),
    }
}

/// Moves the log into the database, so that the folder of a stopped node is whole without it.
async fn close(office: Office, text: &str) -> Result<ExitCode> {
    office.store.close().await;
    output::print(text)
}

/// The first line of standard input.
fn typed(email: &Email, name: &PersonName) -> Result<PasswordHash> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("The new password, and Enter and Ctrl-D (it shows as you type):");
    }
    let mut text = String::new();
    input.by_ref().take(INPUT_BYTES_MAX).read_to_string(&mut text).context("reading the password")?;
    let line = text.lines().next().unwrap_or_default();
    let password = Password::new(line, email, name).map_err(|error| anyhow!(error))?;
    Ok(hashing::hash(password.as_str(), people::random()))
}

/// A password that nobody knows, and that looks like any other from outside.
fn nobodys() -> PasswordHash {
    hashing::hash(&Secret::from_random(people::random()).reveal(), people::random())
}

fn nobody(who: &str) -> anyhow::Error {
    anyhow!("nobody here has the account {who}; weir account list shows all")
}

fn view(account: &Account) -> AccountView {
    AccountView {
        account_id: account.id.to_string(),
        name: account.name.to_string(),
        email: account.email.to_string(),
        confirmed: account.confirmed,
        grant: match account.grant {
            Grant::Person => AccountGrant::Person,
            Grant::Admin => AccountGrant::Admin,
        },
        created: account.created.0,
    }
}

fn row(email: &str, name: &str, grant: &str, confirmed: &str, since: &str, id: &str) -> String {
    format!("{email:32}  {name:24}  {grant:5}  {confirmed:9}  {since:10}  {id}\n")
}

fn now() -> UnixTime {
    UnixTime(chronicle::now_ms() / 1000)
}

/// The day in UTC, counted in eras of 400 years that begin in March, so that the leap day is the last day of a year.
fn date(time: UnixTime) -> String {
    let days = time.0 / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_calendars() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(UnixTime(seconds)), day, "{seconds}");
        }
    }
}
