-- Times are milliseconds since 1970. Amounts and 64-bit numbers without a sign are decimal texts, for SQLite's
-- integers end at 2^63: an amount has 128 bits.

CREATE TABLE receipts (
    id           INTEGER PRIMARY KEY,
    -- The proof-of-work hash in hex: the identity of a share on both sides.
    digest       TEXT    NOT NULL UNIQUE,
    -- Whom it was found for; see Source::name.
    source       TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'stale', 'lost', 'unknown')),
    -- Why it is in that state, in words; for a pending one what is known so far.
    reason       TEXT,
    algorithm    TEXT    NOT NULL,
    processor    TEXT    NOT NULL,
    -- The server's id of the job.
    job_id       TEXT    NOT NULL,
    nonce        INTEGER NOT NULL,
    extranonce2  TEXT    NOT NULL,
    -- How many hashes such a share takes on average.
    work         INTEGER NOT NULL,
    -- What the hub credited, and its number there; NULL until the hub was asked.
    credit_asset  TEXT,
    credit_atomic TEXT,
    hub_sequence  INTEGER,
    found_at     INTEGER NOT NULL,
    settled_at   INTEGER
);

CREATE INDEX receipts_by_state ON receipts (state, source);
CREATE INDEX receipts_by_sequence ON receipts (source, hub_sequence);

-- How far a hub's credits have been taken over.
CREATE TABLE cursors (
    source   TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;

-- When this file was begun: shares that a hub credited earlier cannot have receipts in it.
CREATE TABLE file (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    begun_at INTEGER NOT NULL
);
