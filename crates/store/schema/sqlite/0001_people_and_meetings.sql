-- Times are seconds since 1970. Ids, addresses and hashes are compared byte by byte, which is what BINARY, the default, means.

CREATE TABLE accounts (
    id       TEXT    NOT NULL PRIMARY KEY,
    email    TEXT    NOT NULL UNIQUE,
    confirmed INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    password TEXT    NOT NULL,
    grant_of TEXT    NOT NULL CHECK (grant_of IN ('person', 'admin')),
    created  INTEGER NOT NULL,
    version  INTEGER NOT NULL
) STRICT;

-- The host is no reference: a meeting stays for those who are in it when its host's account is removed.
CREATE TABLE meetings (
    id        TEXT    NOT NULL PRIMARY KEY,
    host      TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    ended     INTEGER,
    server    TEXT    NOT NULL,
    recording INTEGER NOT NULL,
    settings  TEXT    NOT NULL,
    version   INTEGER NOT NULL
) STRICT;

CREATE INDEX meetings_of_a_host ON meetings (host, created DESC, id);
CREATE INDEX meetings_that_ended ON meetings (ended) WHERE ended IS NOT NULL;

-- `account` is whose token it is. A guest's seat has none, so the person of a seat is a column of its own.
CREATE TABLE tokens (
    hash    BLOB    NOT NULL PRIMARY KEY,
    purpose TEXT    NOT NULL CHECK (purpose IN ('login', 'seat', 'reset', 'confirm')),
    account TEXT    REFERENCES accounts (id) ON DELETE CASCADE,
    meeting TEXT    REFERENCES meetings (id) ON DELETE CASCADE,
    person  TEXT,
    name    TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    CHECK ((purpose = 'seat') = (meeting IS NOT NULL AND person IS NOT NULL AND name IS NOT NULL)),
    CHECK (purpose = 'seat' OR account IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_of_an_account ON tokens (account) WHERE account IS NOT NULL;
CREATE INDEX seats_in_a_meeting ON tokens (meeting, person) WHERE meeting IS NOT NULL;
CREATE INDEX tokens_that_expire ON tokens (expires);

CREATE TABLE recipients (
    meeting TEXT NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (meeting, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX places_of_an_account ON recipients (account);

-- Requests that may be repeated, and what the first one made.
CREATE TABLE once (
    key_hash BLOB    NOT NULL PRIMARY KEY,
    request  BLOB    NOT NULL,
    made     TEXT    NOT NULL,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX once_until ON once (until);

-- AUTOINCREMENT: a number is never used twice, so a reader that remembers the last one misses nothing.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    object TEXT    NOT NULL,
    detail TEXT    NOT NULL
) STRICT;
