//! Brings a database to the schema of this version: numbered steps, each once, all of them or none.
//!
//! The number is SQLite's own `user_version`, which is part of the file and of the transaction.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::file::unusable;
use crate::Error;

/// The n-th of them makes schema n. One that was released is never edited: a database out there has it behind it.
pub const SQLITE: &[&str] = &[
    include_str!("../../schema/sqlite/0001_people_and_meetings.sql"),
    include_str!("../../schema/sqlite/0002_marks_of_seats.sql"),
    include_str!("../../schema/sqlite/0003_events.sql"),
];

/// Marks a file as ours, in SQLite's header: `Weir` in ASCII.
const APPLICATION_ID: i64 = 0x5765_6972;

/// Refuses a file that is none of ours or of a later version, without writing to it; returns the number of its schema.
pub async fn look(connection: &mut SqliteConnection, path: &Path, steps: &[&'static str]) -> Result<i64, Error> {
    let known = steps.len() as i64;
    let number = async |connection: &mut SqliteConnection, sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(connection).await.map_err(|source| unusable(path, source))
    };
    // All three as they are at one moment.
    let mut moment = connection.begin().await.map_err(|source| unusable(path, source))?;
    let tables = number(&mut moment, "SELECT count(*) FROM sqlite_schema").await?;
    let application = number(&mut moment, "PRAGMA application_id").await?;
    let found = number(&mut moment, "PRAGMA user_version").await?;
    moment.rollback().await.map_err(|source| unusable(path, source))?;
    let is_new = tables == 0 && found == 0 && application == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(Error::SomebodyElses { path: path.to_owned() });
    }
    if found > known {
        return Err(Error::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}

pub async fn run(connection: &mut SqliteConnection, path: &Path, steps: &[&'static str]) -> Result<(), Error> {
    let known = steps.len() as i64;
    // Whether there is anything to do is looked up with the write lock held: two programs may open a new database at once.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|source| unusable(path, source))?;
    let found = look(&mut transaction, path, steps).await?;
    for (version, step) in (1..).zip(steps).skip(found.max(0) as usize) {
        let failed = |source| Error::Migration { path: path.to_owned(), version, source };
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(failed)?;
    }
    if found < known {
        let failed = |source| Error::Migration { path: path.to_owned(), version: known, source };
        let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(stamp)).execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('ann');";
    const SECOND: &str = "ALTER TABLE people ADD COLUMN age INTEGER NOT NULL DEFAULT 7;";
    const BROKEN: &str = "CREATE TABLE rooms (id TEXT); INSERT INTO nowhere VALUES (1);";

    async fn memory() -> SqliteConnection {
        SqliteConnection::connect("sqlite::memory:").await.unwrap()
    }

    async fn migrate(connection: &mut SqliteConnection, steps: &[&'static str]) -> Result<(), Error> {
        run(connection, Path::new("weir.db"), steps).await
    }

    async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn each_step_is_made_once_and_rows_live_through_it() {
        let mut connection = memory().await;
        migrate(&mut connection, &[FIRST]).await.unwrap();
        for _ in 0..2 {
            migrate(&mut connection, &[FIRST, SECOND]).await.unwrap();
            assert_eq!(number(&mut connection, "SELECT age FROM people WHERE name = 'ann'").await, 7);
            assert_eq!(number(&mut connection, "PRAGMA user_version").await, 2);
        }
    }

    #[tokio::test]
    async fn steps_that_break_leave_the_database_as_it_was() {
        let mut connection = memory().await;
        migrate(&mut connection, &[FIRST]).await.unwrap();
        let broken = migrate(&mut connection, &[FIRST, SECOND, BROKEN]).await;
        assert!(matches!(broken, Err(Error::Migration { version: 3, .. })), "{broken:?}");
        // A failed step leaves no transaction open either.
        assert_eq!(number(&mut connection, "PRAGMA user_version").await, 1);
        assert_eq!(number(&mut connection, "SELECT count(*) FROM sqlite_schema").await, 1);
        migrate(&mut connection, &[FIRST, SECOND]).await.unwrap();
    }

    #[tokio::test]
    async fn a_later_schema_is_refused_by_name_of_what_to_do() {
        let mut connection = memory().await;
        migrate(&mut connection, &[FIRST, SECOND]).await.unwrap();
        let refused = migrate(&mut connection, &[FIRST]).await.unwrap_err();
        assert!(matches!(refused, Error::Newer { found: 2, known: 1, .. }), "{refused:?}");
        assert!(refused.to_string().contains("run that version"), "{refused}");
    }

    #[tokio::test]
    async fn a_database_of_somebody_else_is_left_alone() {
        let mut connection = memory().await;
        sqlx::raw_sql("CREATE TABLE theirs (x)").execute(&mut connection).await.unwrap();
        assert!(matches!(migrate(&mut connection, &[FIRST]).await, Err(Error::SomebodyElses { .. })));
        assert_eq!(number(&mut connection, "SELECT count(*) FROM sqlite_schema").await, 1);
    }
}
