//! The log of events, and how far those have come who are told of it.

use meetings::events::{Happened, Logged, Progress, Sequence};
use meetings::{Error, Page};

use super::row::{self, kept, unavailable};
use super::{Sqlite, page};

impl Sqlite {
    pub(super) async fn append_happened(&self, events: &[Happened]) -> Result<Sequence, Error> {
        let times: Vec<i64> = events.iter().map(|happened| kept(happened.time_ms)).collect::<Result<_, _>>()?;
        if events.is_empty() {
            return self.last_logged().await;
        }
        let mut transaction = self.begin().await?;
        let mut last = 0;
        for (happened, time_ms) in events.iter().zip(times) {
            let insert = sqlx::query("INSERT INTO events (id, time_ms, node, kind, data) VALUES (?, ?, ?, ?, ?)")
                .bind(&happened.id)
                .bind(time_ms)
                .bind(&happened.node)
                .bind(&happened.kind)
                .bind(&happened.data);
            last = insert.execute(&mut *transaction).await.map_err(unavailable)?.last_insert_rowid();
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(Sequence(row::number(last)?))
    }

    pub(super) async fn logged(&self, after: Sequence, limit: u32) -> Result<Page<Logged>, Error> {
        let rows = sqlx::query("SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?")
            .bind(row::clamped(i128::from(after.0)))
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(page(rows.iter().map(row::logged).collect::<Result<_, _>>()?, limit))
    }

    /// SQLite remembers the highest number of such a table, in the same transaction as the row.
    pub(super) async fn last_logged(&self) -> Result<Sequence, Error> {
        let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(Sequence(row::number(last.unwrap_or(0))?))
    }

    pub(super) async fn forget_logged(&self, before_ms: u64, kept_max: u64) -> Result<u64, Error> {
        let old = "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events WHERE time_ms < ? LIMIT ?)";
        let many = "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events WHERE sequence <= ? LIMIT ?)";
        let last = self.last_logged().await?;
        let many_until = row::clamped(i128::from(last.0) - i128::from(kept_max));
        Ok(self.forget_in_steps(old, row::clamped(i128::from(before_ms))).await?
            + self.forget_in_steps(many, many_until).await?)
    }

    pub(super) async fn progress_of(&self, receiver: &str) -> Result<Option<Progress>, Error> {
        let query = sqlx::query("SELECT * FROM progress WHERE receiver = ?").bind(receiver);
        let found = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
        found.as_ref().map(row::progress).transpose()
    }

    pub(super) async fn keep_progress(&self, progress: &Progress) -> Result<(), Error> {
        let seconds = |time: Option<meetings::UnixTime>| time.map(|time| kept(time.0)).transpose();
        let insert = sqlx::query(
            "INSERT OR REPLACE INTO progress (receiver, delivered, delivered_at, failing_since, stopped, last_error) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&progress.receiver)
        .bind(kept(progress.delivered.0)?)
        .bind(seconds(progress.delivered_at)?)
        .bind(seconds(progress.failing_since)?)
        .bind(progress.stopped)
        .bind(&progress.last_error);
        insert.execute(&self.writer).await.map_err(unavailable)?;
        Ok(())
    }
}
