-- +goose Up
-- The ledger's rules, in the database itself. The words after "ledger:" are read by
-- the adapter.

-- +goose StatementBegin
CREATE TRIGGER ledger_accounts_open AFTER INSERT ON ledger_accounts
BEGIN
  INSERT INTO ledger_balances (account, debits, credits) VALUES (NEW.id, 0, 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_accounts_update BEFORE UPDATE ON ledger_accounts
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_accounts_delete BEFORE DELETE ON ledger_accounts
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd

-- INSERT OR REPLACE deletes without firing delete triggers, so a second header of
-- the same id or key is refused before it comes to a conflict.
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_insert BEFORE INSERT ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger: exists') WHERE EXISTS (
    SELECT 1 FROM ledger_transactions t
    WHERE t.id = NEW.id OR (t.workspace = NEW.workspace AND t.key = NEW.key));
  SELECT RAISE(ABORT, 'ledger: unbalanced')
    WHERE (SELECT COUNT(*) FROM ledger_entries e WHERE e.transaction_id = NEW.id) < 2;
  SELECT RAISE(ABORT, 'ledger: unbalanced') WHERE EXISTS (
    SELECT 1 FROM ledger_entries e WHERE e.transaction_id = NEW.id
    GROUP BY e.currency HAVING SUM(e.amount) <> 0);
  SELECT RAISE(ABORT, 'ledger: foreign account') WHERE EXISTS (
    SELECT 1 FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account
    WHERE e.transaction_id = NEW.id AND a.workspace <> NEW.workspace);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_update BEFORE UPDATE ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_delete BEFORE DELETE ON ledger_transactions
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd

-- SQLite turns an integer that overflows into a float, so the room is tested first.
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_insert BEFORE INSERT ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger: closed')
    WHERE EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.id = NEW.transaction_id);
  SELECT RAISE(ABORT, 'ledger: overflow') WHERE EXISTS (
    SELECT 1 FROM ledger_balances b WHERE b.account = NEW.account
      AND ((NEW.amount > 0 AND b.debits > 9223372036854775807 - NEW.amount)
        OR (NEW.amount < 0 AND b.credits > 9223372036854775807 + NEW.amount)));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_entries_post AFTER INSERT ON ledger_entries
BEGIN
  UPDATE ledger_balances
  SET debits  = debits  + CASE WHEN NEW.amount > 0 THEN NEW.amount ELSE 0 END,
      credits = credits - CASE WHEN NEW.amount < 0 THEN NEW.amount ELSE 0 END
  WHERE account = NEW.account;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_entries_update BEFORE UPDATE ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ledger_entries_delete BEFORE DELETE ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger: immutable');
END;
-- +goose StatementEnd
