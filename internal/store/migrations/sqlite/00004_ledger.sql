-- +goose Up
-- Double entry. The header row of a transaction is inserted last, and its trigger
-- proves the balance of the entries that wait for it; entries without a header
-- violate their deferred foreign key at commit. So an unbalanced or open transaction
-- can never commit, whoever writes it. The triggers are in the next migration.

CREATE TABLE ledger_accounts (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  workspace TEXT    NOT NULL,
  kind      TEXT    NOT NULL,
  party     TEXT    NOT NULL, -- '' = the house
  currency  TEXT    NOT NULL,
  UNIQUE (id, currency)
);
CREATE UNIQUE INDEX ledger_accounts_code ON ledger_accounts (workspace, kind, party, currency);
CREATE INDEX ledger_accounts_party ON ledger_accounts (workspace, party);

CREATE TABLE ledger_balances (
  account BIGINT NOT NULL PRIMARY KEY REFERENCES ledger_accounts (id),
  debits  BIGINT NOT NULL CHECK (debits >= 0),
  credits BIGINT NOT NULL CHECK (credits >= 0)
);

CREATE TABLE ledger_transactions (
  id         TEXT   NOT NULL PRIMARY KEY,
  workspace  TEXT   NOT NULL CHECK (workspace <> ''),
  key        TEXT   NOT NULL CHECK (key <> ''),
  hash       TEXT   NOT NULL,
  kind       TEXT   NOT NULL CHECK (kind <> ''),
  cause_kind TEXT   NOT NULL CHECK (cause_kind <> ''),
  cause      TEXT   NOT NULL CHECK (cause <> ''),
  effective  BIGINT NOT NULL,
  recorded   BIGINT NOT NULL,
  memo       TEXT   NOT NULL
);
CREATE UNIQUE INDEX ledger_transactions_key ON ledger_transactions (workspace, key);
CREATE INDEX ledger_transactions_workspace ON ledger_transactions (workspace, id);
CREATE INDEX ledger_transactions_cause ON ledger_transactions (workspace, cause, id);

CREATE TABLE ledger_entries (
  transaction_id TEXT   NOT NULL REFERENCES ledger_transactions (id) DEFERRABLE INITIALLY DEFERRED,
  no             BIGINT NOT NULL,
  account        BIGINT NOT NULL,
  currency       TEXT   NOT NULL,
  amount         BIGINT NOT NULL CHECK (amount <> 0 AND amount >= -9223372036854775807),
  PRIMARY KEY (transaction_id, no),
  FOREIGN KEY (account, currency) REFERENCES ledger_accounts (id, currency)
) WITHOUT ROWID;
CREATE INDEX ledger_entries_account ON ledger_entries (account, transaction_id);
