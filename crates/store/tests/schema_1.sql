-- A database as schema 1 left it, as SQL. It is what people have on their disks, so it is never edited.
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

PRAGMA application_id = 1466263922;
PRAGMA user_version = 1;

INSERT INTO accounts VALUES ('azbmaaaaaaaaaaaaaaaaaaaaaaa', 'ann@example.org', 1, 'Zoë 王', '$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA', 'admin', 1700000000, 3);
INSERT INTO meetings VALUES ('qkfd-mzwhp-xbtr', 'azbmaaaaaaaaaaaaaaaaaaaaaaa', 1700000100, NULL, 'node-1', 1, '{"title":"Планёрка","guests":true,"lobby":true,"locked":false,"passcode":null,"co_hosts":[],"banned":["gbaaaaaaaaaaaaaaaaaaaaaaaaa"]}', 1);
INSERT INTO meetings VALUES ('aaaa-bbbbb-cccc', 'azbmaaaaaaaaaaaaaaaaaaaaaaa', 1700000000, 1700003600, 'node-2', 0, '{"title":"over"}', 2);
INSERT INTO tokens VALUES (x'000000000000000100000000000000000000000000000000feffffffffffffff', 'login', 'azbmaaaaaaaaaaaaaaaaaaaaaaa', NULL, NULL, NULL, 1700000000, 1800000000);
INSERT INTO tokens VALUES (x'000000000000000200000000000000000000000000000000fdffffffffffffff', 'seat', NULL, 'qkfd-mzwhp-xbtr', 'gbaaaaaaaaaaaaaaaaaaaaaaaaa', 'Gast', 1700000200, 1700090000);
INSERT INTO recipients VALUES ('qkfd-mzwhp-xbtr', 'azbmaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO once VALUES (x'000000000000000100000000000000000000000000000000feffffffffffffff', x'000000000000000100000000000000000000000000000000feffffffffffffff', 'qkfd-mzwhp-xbtr', 1700100000);
INSERT INTO audit VALUES (1, 1700003600, 'azbmaaaaaaaaaaaaaaaaaaaaaaa', 'meeting.end', 'aaaa-bbbbb-cccc', '');
