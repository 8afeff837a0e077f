-- Times are milliseconds since 1970. Amounts are whole numbers of the asset's smallest unit.

CREATE TABLE accounts (
    id         TEXT    NOT NULL PRIMARY KEY,
    key_hash   BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id         TEXT    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES accounts (id),
    name       TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_of_account ON devices (account);

CREATE TABLE enrolment_codes (
    code_hash  BLOB    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES accounts (id),
    expires_at INTEGER NOT NULL
) STRICT;

-- One transfer a device and commit; its shares point to it.
CREATE TABLE transfers (
    id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT    NOT NULL,
    at   INTEGER NOT NULL
) STRICT;

CREATE TABLE entries (
    transfer       INTEGER NOT NULL REFERENCES transfers (id),
    ledger_account TEXT    NOT NULL,
    asset          TEXT    NOT NULL,
    amount         INTEGER NOT NULL,
    PRIMARY KEY (transfer, ledger_account, asset)
) STRICT, WITHOUT ROWID;

-- The running sum of a ledger account's entries, as text: it may outgrow 64 bits.
CREATE TABLE balances (
    ledger_account TEXT NOT NULL,
    asset          TEXT NOT NULL,
    amount         TEXT NOT NULL,
    PRIMARY KEY (ledger_account, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE shares (
    sequence  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    digest    BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    device    TEXT    NOT NULL REFERENCES devices (id),
    algorithm TEXT    NOT NULL,
    work      INTEGER NOT NULL CHECK (work > 0),
    asset     TEXT    NOT NULL,
    credit    INTEGER NOT NULL CHECK (credit >= 0),
    transfer  INTEGER NOT NULL REFERENCES transfers (id),
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX shares_of_device ON shares (device, sequence);
CREATE INDEX shares_of_transfer ON shares (transfer);

-- The whole block is kept until its fate is known, so that it can be handed in again after a crash.
CREATE TABLE blocks (
    hash     TEXT    NOT NULL PRIMARY KEY,
    height   INTEGER NOT NULL,
    upstream TEXT    NOT NULL,
    device   TEXT    NOT NULL REFERENCES devices (id),
    state    TEXT    NOT NULL CHECK (state IN ('submitted', 'found', 'orphaned', 'refused')),
    body     BLOB,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX blocks_by_height ON blocks (height);
CREATE INDEX blocks_open ON blocks (state) WHERE state = 'submitted';
