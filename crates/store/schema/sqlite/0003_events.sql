-- What happened on the node. Times are milliseconds since 1970; `data` is JSON.
-- AUTOINCREMENT: a number is never used twice, so a receiver that remembers the last one misses nothing. Numbers have no gaps,
-- because a transaction that is rolled back takes its numbers back as well.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL,
    time_ms  INTEGER NOT NULL,
    node     TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    data     TEXT    NOT NULL
) STRICT;

CREATE INDEX events_by_age ON events (time_ms);

-- How far each receiver of events has come. These times are seconds since 1970.
CREATE TABLE progress (
    receiver      TEXT    NOT NULL PRIMARY KEY,
    delivered     INTEGER NOT NULL,
    delivered_at  INTEGER,
    failing_since INTEGER,
    stopped       INTEGER NOT NULL,
    last_error    TEXT
) STRICT, WITHOUT ROWID;
