-- +goose Up
-- The ledger's rules, in the database itself. The words after "ledger:" are read by
-- the adapter.

-- +goose StatementBegin
CREATE FUNCTION ledger_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger: immutable';
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER ledger_accounts_change BEFORE UPDATE OR DELETE ON ledger_accounts
  FOR EACH ROW EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_transactions_change BEFORE UPDATE OR DELETE ON ledger_transactions
  FOR EACH ROW EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_entries_change BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_accounts_truncate BEFORE TRUNCATE ON ledger_accounts
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_transactions_truncate BEFORE TRUNCATE ON ledger_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_entries_truncate BEFORE TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- +goose StatementBegin
CREATE FUNCTION ledger_account_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_balances (account, debits, credits) VALUES (NEW.id, 0, 0);
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_accounts_open AFTER INSERT ON ledger_accounts
  FOR EACH ROW EXECUTE FUNCTION ledger_account_open();

-- +goose StatementBegin
CREATE FUNCTION ledger_transaction_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT COUNT(*) FROM ledger_entries e WHERE e.transaction_id = NEW.id) < 2
    OR EXISTS (
      SELECT 1 FROM ledger_entries e WHERE e.transaction_id = NEW.id
      GROUP BY e.currency HAVING SUM(e.amount) <> 0) THEN
    RAISE EXCEPTION 'ledger: unbalanced';
  END IF;
  IF EXISTS (
    SELECT 1 FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account
    WHERE e.transaction_id = NEW.id AND a.workspace <> NEW.workspace) THEN
    RAISE EXCEPTION 'ledger: foreign account';
  END IF;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_transactions_insert BEFORE INSERT ON ledger_transactions
  FOR EACH ROW EXECUTE FUNCTION ledger_transaction_check();

-- +goose StatementBegin
CREATE FUNCTION ledger_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.id = NEW.transaction_id) THEN
    RAISE EXCEPTION 'ledger: closed';
  END IF;
  IF EXISTS (
    SELECT 1 FROM ledger_balances b WHERE b.account = NEW.account
      AND ((NEW.amount > 0 AND b.debits > 9223372036854775807 - NEW.amount)
        OR (NEW.amount < 0 AND b.credits > 9223372036854775807 + NEW.amount))) THEN
    RAISE EXCEPTION 'ledger: overflow';
  END IF;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_entries_insert BEFORE INSERT ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_entry_check();

-- +goose StatementBegin
CREATE FUNCTION ledger_entry_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_balances
  SET debits  = debits  + CASE WHEN NEW.amount > 0 THEN NEW.amount ELSE 0 END,
      credits = credits - CASE WHEN NEW.amount < 0 THEN NEW.amount ELSE 0 END
  WHERE account = NEW.account;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_entries_post AFTER INSERT ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_entry_post();
