-- Every verified closing, to tell from where on a hub's history was changed.
CREATE TABLE verified_closings (
    source          TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    -- Empty for those of before days were kept.
    day             TEXT    NOT NULL,
    hash            TEXT    NOT NULL,
    last_settlement INTEGER NOT NULL,
    PRIMARY KEY (source, number)
) WITHOUT ROWID;
INSERT INTO verified_closings SELECT source, number, '', hash, last_settlement FROM closings;

-- What this device had earned by each of them, in atomic units.
CREATE TABLE verified_balances (
    source TEXT    NOT NULL,
    number INTEGER NOT NULL,
    asset  TEXT    NOT NULL,
    atomic TEXT    NOT NULL,
    PRIMARY KEY (source, asset, number)
) WITHOUT ROWID;
INSERT INTO verified_balances
    SELECT closing_balances.source, number, asset, atomic FROM closing_balances
    JOIN closings ON closings.source = closing_balances.source;
DROP TABLE closing_balances;
DROP TABLE closings;

-- Each time that a hub had not the closings any more that were verified. Only ever added to.
CREATE TABLE closing_changes (
    id         INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL,
    noticed_at INTEGER NOT NULL,
    -- The hub's hash of the first of them at that time; NULL where it had none.
    now        TEXT
);
CREATE INDEX closing_changes_of_source ON closing_changes (source);

-- And what they had been.
CREATE TABLE replaced_closings (
    change          INTEGER NOT NULL REFERENCES closing_changes (id),
    number          INTEGER NOT NULL,
    day             TEXT    NOT NULL,
    hash            TEXT    NOT NULL,
    last_settlement INTEGER NOT NULL,
    PRIMARY KEY (change, number)
) WITHOUT ROWID;
