-- The receipts as the second copy of the hub's books.

-- The hub's own receipt: with it the share can be claimed again from a hub that lost it.
ALTER TABLE receipts ADD COLUMN hub_receipt TEXT;
-- What was credited beyond credit_atomic, in 10^-12 of the smallest unit.
ALTER TABLE receipts ADD COLUMN credit_fraction INTEGER NOT NULL DEFAULT 0;
-- In which of the hub's settlements the share became money; NULL until then.
ALTER TABLE receipts ADD COLUMN hub_settlement INTEGER;
-- Since when the hub does not have an accepted share any more that cannot be claimed again.
ALTER TABLE receipts ADD COLUMN lost_at INTEGER;

CREATE INDEX receipts_by_settlement ON receipts (source, hub_settlement);
CREATE INDEX receipts_unsettled ON receipts (source)
    WHERE state = 'accepted' AND hub_settlement IS NULL AND lost_at IS NULL;

-- Everything is read once more, for what is new above.
DELETE FROM cursors;

-- The last of each hub's closings that was verified.
CREATE TABLE closings (
    source          TEXT PRIMARY KEY,
    number          INTEGER NOT NULL,
    hash            TEXT    NOT NULL,
    last_settlement INTEGER NOT NULL
) WITHOUT ROWID;

-- What this device had earned in the last verified closing in which that changed, in atomic units.
CREATE TABLE closing_balances (
    source TEXT NOT NULL,
    asset  TEXT NOT NULL,
    atomic TEXT NOT NULL,
    PRIMARY KEY (source, asset)
) WITHOUT ROWID;
