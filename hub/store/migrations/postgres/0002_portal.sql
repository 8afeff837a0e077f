-- What the portal and the operator's view need. Both tables are of running hubs only: a backup restores without them.

-- What coins cost, as far as the hub has heard: one row.
CREATE TABLE prices (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    source TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    body   TEXT   NOT NULL -- JSON, by asset
);

-- What opens the operator's view: links, each good once, and the sessions of those who followed one.
CREATE TABLE operator_secrets (
    secret_hash BYTEA NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL CHECK (kind IN ('link', 'session')),
    expires_at  BIGINT NOT NULL
);
