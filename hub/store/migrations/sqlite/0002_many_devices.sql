-- Several devices' keys, settlements, referrals, withdrawals, closings. Times are milliseconds since 1970. Amounts are whole
-- numbers of the asset's smallest unit; a fraction counts 10^-12 of it. The tables and columns are those of the
-- PostgreSQL migrations, name for name. Run without foreign key checks, as tables are built anew.

-- What this hub is: one row.
CREATE TABLE hub (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name        TEXT   NOT NULL,
    receipt_key BLOB NOT NULL CHECK (length(receipt_key) = 32),
    created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO hub SELECT 1, 'hub', randomblob(32), 0 WHERE EXISTS (SELECT 1 FROM accounts);

CREATE TABLE new_accounts (
    id             TEXT   NOT NULL PRIMARY KEY,
    key_hash       BLOB UNIQUE,             -- NULL: deleted
    created_at     INTEGER NOT NULL,
    referral_code  TEXT   NOT NULL UNIQUE,
    referrer       TEXT   REFERENCES accounts (id),
    referred_at    INTEGER,
    totp_secret    BLOB,
    totp_confirmed INTEGER NOT NULL DEFAULT 0, -- 1: asked for at withdrawals
    totp_last_step INTEGER NOT NULL DEFAULT 0, -- a code is good once
    totp_wrong     INTEGER NOT NULL DEFAULT 0, -- wrong codes since the last right one
    totp_wait      INTEGER NOT NULL DEFAULT 0, -- no code is looked at before
    deleted_at     INTEGER
) STRICT;
INSERT INTO new_accounts (id, key_hash, created_at, referral_code)
    SELECT id, key_hash, created_at, 'R' || upper(substr(hex(randomblob(5)), 1, 9)) FROM accounts;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;
CREATE INDEX accounts_by_referrer ON accounts (referrer);

-- Signed-in browsers and programs of account holders.
CREATE TABLE sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES accounts (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account);

CREATE TABLE new_devices (
    id            TEXT   NOT NULL PRIMARY KEY,
    account       TEXT   NOT NULL REFERENCES accounts (id),
    name          TEXT   NOT NULL,
    token_hash    BLOB UNIQUE,              -- NULL: a standard miner's, or revoked
    created_at    INTEGER NOT NULL,
    public_key    BLOB,                      -- NULL: a standard miner's
    worker        TEXT,                       -- how a standard miner calls itself
    group_name    TEXT   NOT NULL DEFAULT '',
    limit_percent INTEGER,                     -- NULL: no limit from here
    revoked_at    INTEGER,
    changed_at    INTEGER NOT NULL DEFAULT 0 -- name, limit, token or revocation; other hubs look here
) STRICT;
INSERT INTO new_devices (id, account, name, token_hash, created_at)
    SELECT id, account, name, token_hash, created_at FROM devices;
DROP TABLE devices;
ALTER TABLE new_devices RENAME TO devices;
CREATE INDEX devices_of_account ON devices (account, name, id);
CREATE INDEX devices_by_change ON devices (changed_at);
CREATE UNIQUE INDEX devices_by_worker ON devices (account, worker);

-- What devices have signed to get a new token: good once.
CREATE TABLE challenges (
    challenge_hash BLOB NOT NULL PRIMARY KEY,
    device         TEXT   NOT NULL REFERENCES devices (id),
    expires_at     INTEGER NOT NULL
) STRICT;

-- For fleets: one token adds many devices.
CREATE TABLE enrolment_tokens (
    id           TEXT   NOT NULL PRIMARY KEY,
    account      TEXT   NOT NULL REFERENCES accounts (id),
    token_hash   BLOB NOT NULL UNIQUE,
    name         TEXT   NOT NULL,
    group_name   TEXT   NOT NULL DEFAULT '',
    device_limit INTEGER NOT NULL,
    used         INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX enrolment_tokens_of_account ON enrolment_tokens (account);

-- What each device last told of itself, as JSON.
CREATE TABLE reports (
    device TEXT   NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    every  INTEGER NOT NULL, -- seconds until it was asked to report again
    body   TEXT   NOT NULL
) STRICT;

-- Shares that were written in one transaction; settled together.
CREATE TABLE batches (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    settlement INTEGER
) STRICT;
CREATE INDEX batches_open ON batches (id) WHERE settlement IS NULL;
CREATE INDEX batches_of_settlement ON batches (settlement);

-- Every minute the shares since the last time become money.
CREATE TABLE settlements (
    id    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    tiers TEXT   NOT NULL -- the referrers' parts of the fee in basis points, nearest first, as "2000,1000,500"
) STRICT;

ALTER TABLE transfers ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE INDEX entries_of_account ON entries (ledger_account, asset, transfer);

-- Each transfer of before was the settlement of one device's shares.
UPDATE transfers SET kind = 'settlement', subject = CAST(id AS TEXT);
INSERT INTO settlements (id, at, tiers) SELECT id, at, '' FROM transfers;
INSERT INTO batches (id, at, settlement) SELECT id, at, id FROM transfers;
-- No foreign keys here: a share's device was checked at its login, and this is the one table written all the time.
CREATE TABLE new_shares (
    sequence        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    digest          BLOB NOT NULL UNIQUE,
    device          TEXT   NOT NULL,
    algorithm       TEXT   NOT NULL,
    upstream        TEXT   NOT NULL,
    work            INTEGER NOT NULL,
    asset           TEXT   NOT NULL,
    credit          INTEGER NOT NULL, -- the device's, the fee taken off
    credit_fraction INTEGER NOT NULL,
    fee             INTEGER NOT NULL, -- the operator's, out of which referrals are paid
    fee_fraction    INTEGER NOT NULL,
    batch           INTEGER NOT NULL
) STRICT;
INSERT INTO new_shares
    SELECT sequence, digest, device, algorithm,
        (SELECT substr(ledger_account, 10) FROM entries
         WHERE entries.transfer = shares.transfer AND ledger_account LIKE 'upstream:%'),
        work, asset, credit, 0, 0, 0, transfer
    FROM shares;
DROP TABLE shares;
ALTER TABLE new_shares RENAME TO shares;
CREATE INDEX shares_of_device ON shares (device, sequence);
CREATE INDEX shares_of_batch ON shares (batch);

-- A settlement's transfer for one upstream and asset. It can be withdrawn once it is released.
CREATE TABLE settlement_parts (
    settlement INTEGER NOT NULL REFERENCES settlements (id),
    upstream   TEXT   NOT NULL,
    asset      TEXT   NOT NULL,
    transfer   INTEGER NOT NULL UNIQUE REFERENCES transfers (id),
    at         INTEGER NOT NULL,
    release    INTEGER REFERENCES transfers (id),
    PRIMARY KEY (settlement, upstream, asset)
) STRICT;
INSERT INTO settlement_parts (settlement, upstream, asset, transfer, at)
    SELECT transfers.id, substr(ledger_account, 10), asset, transfers.id, transfers.at
    FROM transfers JOIN entries ON entries.transfer = transfers.id AND ledger_account LIKE 'upstream:%';
CREATE INDEX settlement_parts_held ON settlement_parts (asset, settlement) WHERE release IS NULL;

-- What is left below the smallest unit after a settlement, for the next one.
CREATE TABLE remainders (
    payee    TEXT   NOT NULL, -- "device:D…", "operator", or "referral:A…/D…/tier"
    upstream TEXT   NOT NULL,
    asset    TEXT   NOT NULL,
    fraction INTEGER NOT NULL,
    PRIMARY KEY (payee, upstream, asset)
) STRICT;

-- What a referred device has brought its referrer so far, in whole units.
CREATE TABLE commissions (
    account TEXT   NOT NULL REFERENCES accounts (id),
    device  TEXT   NOT NULL,
    tier    INTEGER NOT NULL,
    asset   TEXT   NOT NULL,
    amount  TEXT   NOT NULL,
    PRIMARY KEY (account, device, tier, asset)
) STRICT;

-- Who has referred an account, from a settlement on: "A…,A…,A…", nearest first, nothing between the commas for an account
-- that was closed. An audit goes by this and not by clocks.
CREATE TABLE referral_chains (
    account   TEXT   NOT NULL REFERENCES accounts (id),
    since     INTEGER NOT NULL REFERENCES settlements (id),
    referrers TEXT   NOT NULL,
    PRIMARY KEY (account, since)
) STRICT;

-- What was credited in each hour since 1970, to answer "today" and "the last seven days". The amount is
-- amount_high × 1,048,576 + amount_low, so that sums of both stay within 64 bits.
CREATE TABLE earned_by_hour (
    ledger_account TEXT   NOT NULL,
    asset          TEXT   NOT NULL,
    hour           INTEGER NOT NULL,
    amount_high    INTEGER NOT NULL,
    amount_low     INTEGER NOT NULL,
    PRIMARY KEY (ledger_account, hour, asset)
) STRICT;
INSERT INTO earned_by_hour (ledger_account, asset, hour, amount_high, amount_low)
    SELECT ledger_account, asset, at / 3600000, sum(amount / 1048576), sum(amount % 1048576)
    FROM entries JOIN transfers ON transfers.id = entries.transfer
    WHERE ledger_account LIKE 'device:%' GROUP BY 1, 2, 3;

-- The end of each day, chained to the one before.
CREATE TABLE closings (
    number          INTEGER NOT NULL PRIMARY KEY,
    day             TEXT   NOT NULL UNIQUE, -- "2026-11-22", UTC
    last_settlement INTEGER NOT NULL,
    last_transfer   INTEGER NOT NULL,
    previous        BLOB NOT NULL,
    root            BLOB NOT NULL,
    hash            BLOB NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE TABLE closing_leaves (
    closing        INTEGER NOT NULL REFERENCES closings (number),
    position       INTEGER NOT NULL,
    ledger_account TEXT   NOT NULL,
    asset          TEXT   NOT NULL,
    balance        TEXT   NOT NULL,
    shares         INTEGER NOT NULL,
    shares_hash    BLOB NOT NULL,
    PRIMARY KEY (closing, position)
) STRICT;
CREATE INDEX closing_leaves_of_account ON closing_leaves (ledger_account, closing);

-- The whole block is kept until its fate is known, so that it can be handed in again after a crash.
CREATE TABLE new_blocks (
    hash     TEXT   NOT NULL PRIMARY KEY,
    height   INTEGER NOT NULL,
    upstream TEXT   NOT NULL,
    device   TEXT   NOT NULL REFERENCES devices (id),
    state    TEXT   NOT NULL CHECK (state IN ('submitted', 'found', 'matured', 'orphaned', 'refused')),
    body     BLOB,
    at       INTEGER NOT NULL,
    asset    TEXT,
    reward   INTEGER, -- what the block pays the hub
    transfer INTEGER REFERENCES transfers (id)
) STRICT;
INSERT INTO new_blocks (hash, height, upstream, device, state, body, at)
    SELECT hash, height, upstream, device, state, body, at FROM blocks;
DROP TABLE blocks;
ALTER TABLE new_blocks RENAME TO blocks;
CREATE INDEX blocks_by_height ON blocks (height);
CREATE INDEX blocks_open ON blocks (upstream, height) WHERE state IN ('submitted', 'found', 'orphaned');

-- Where accounts have asked to be paid.
CREATE TABLE addresses (
    account     TEXT   NOT NULL REFERENCES accounts (id),
    asset       TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    first_seen  INTEGER NOT NULL,
    usable_from INTEGER NOT NULL,
    PRIMARY KEY (account, asset, address)
) STRICT;

CREATE TABLE withdrawals (
    id             TEXT   NOT NULL PRIMARY KEY,
    account        TEXT   NOT NULL REFERENCES accounts (id),
    request_key    TEXT   NOT NULL, -- chosen by whoever asks: the same again is the same withdrawal
    asset          TEXT   NOT NULL,
    address        TEXT   NOT NULL,
    amount         INTEGER NOT NULL, -- taken from the wallet
    fee            INTEGER NOT NULL, -- kept; the address gets the difference
    state          TEXT   NOT NULL CHECK (state IN ('requested', 'approved', 'sent', 'confirmed', 'refused')),
    reason         TEXT,
    requested_at   INTEGER NOT NULL,
    approve_from   INTEGER NOT NULL,
    approved_at    INTEGER,
    intent_at      INTEGER, -- from here on the network may have been handed the payment
    intent_mark    TEXT,   -- the payment's transaction id, decided before it is handed over
    intent_body    TEXT,   -- the payment itself: the same again is never a second one
    held_at        INTEGER, -- the network refuses it: the operator has to look
    sent_at        INTEGER,
    transaction_id TEXT,
    network_fee    INTEGER,
    confirmed_at   INTEGER,
    UNIQUE (account, request_key)
) STRICT;
CREATE INDEX withdrawals_of_account ON withdrawals (account, requested_at);
CREATE INDEX withdrawals_open ON withdrawals (asset, state) WHERE state IN ('requested', 'approved', 'sent');

-- What the operator has switched, such as "withdrawals paused".
CREATE TABLE switches (
    name  TEXT   NOT NULL PRIMARY KEY,
    value TEXT   NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

-- Work that only one replica does at a time.
CREATE TABLE tasks (
    name          TEXT   NOT NULL PRIMARY KEY,
    due_at        INTEGER NOT NULL,
    claimed_by    INTEGER,
    claimed_until INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Running hubs: the number is the first part of every extranonce.
CREATE TABLE replicas (
    number     INTEGER NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

-- The newest answer of each node, so that one replica asks it for all.
CREATE TABLE templates (
    upstream TEXT   NOT NULL PRIMARY KEY,
    number   INTEGER NOT NULL,
    body     BLOB NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- The books are only ever added to.
CREATE TRIGGER transfers_stay_on_update BEFORE UPDATE ON transfers BEGIN
    SELECT raise(ABORT, 'the books are only added to: UPDATE of transfers refused');
END;
CREATE TRIGGER transfers_stay_on_delete BEFORE DELETE ON transfers BEGIN
    SELECT raise(ABORT, 'the books are only added to: DELETE of transfers refused');
END;
CREATE TRIGGER entries_stay_on_update BEFORE UPDATE ON entries BEGIN
    SELECT raise(ABORT, 'the books are only added to: UPDATE of entries refused');
END;
CREATE TRIGGER entries_stay_on_delete BEFORE DELETE ON entries BEGIN
    SELECT raise(ABORT, 'the books are only added to: DELETE of entries refused');
END;
CREATE TRIGGER closings_stay_on_update BEFORE UPDATE ON closings BEGIN
    SELECT raise(ABORT, 'the books are only added to: UPDATE of closings refused');
END;
CREATE TRIGGER closings_stay_on_delete BEFORE DELETE ON closings BEGIN
    SELECT raise(ABORT, 'the books are only added to: DELETE of closings refused');
END;
