-- +goose Up
-- Documents: invoices, credit notes, statements. Items are inserted before their document,
-- whose trigger proves number and sum; items without a document violate their deferred
-- foreign key at commit.

CREATE TABLE documents (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace   TEXT COLLATE "C" NOT NULL CHECK (workspace <> ''),
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'statement')),
  number      BIGINT NOT NULL CHECK (number > 0),
  party       TEXT COLLATE "C" NOT NULL CHECK (party <> ''),
  currency    TEXT COLLATE "C" NOT NULL,
  period_from BIGINT NOT NULL,
  period_to   BIGINT NOT NULL CHECK (period_to > period_from), -- exclusive
  issued      BIGINT NOT NULL,
  due         BIGINT NOT NULL, -- 0 = none
  total       BIGINT NOT NULL, -- minor units
  actor       TEXT COLLATE "C" NOT NULL,
  body        TEXT COLLATE "C" NOT NULL -- JSON
);
CREATE UNIQUE INDEX documents_number ON documents (workspace, kind, number);
CREATE UNIQUE INDEX documents_period ON documents (workspace, kind, party, currency, period_to);
CREATE INDEX documents_workspace ON documents (workspace, id);
CREATE INDEX documents_party ON documents (workspace, party, id);

-- What a line bills of a conversion.
CREATE TABLE document_items (
  document   TEXT COLLATE "C" NOT NULL REFERENCES documents (id) DEFERRABLE INITIALLY DEFERRED,
  conversion TEXT COLLATE "C" NOT NULL CHECK (conversion <> ''),
  line       BIGINT NOT NULL CHECK (line > 0),
  amount     BIGINT NOT NULL CHECK (amount <> 0), -- minor units
  PRIMARY KEY (document, conversion)
);
CREATE INDEX document_items_conversion ON document_items (conversion);

-- What documents say about one side; party '' is the workspace itself.
CREATE TABLE billing_texts (
  workspace TEXT COLLATE "C" NOT NULL,
  party     TEXT COLLATE "C" NOT NULL,
  name      TEXT COLLATE "C" NOT NULL,
  address   TEXT COLLATE "C" NOT NULL,
  tax_id    TEXT COLLATE "C" NOT NULL,
  due_days  BIGINT NOT NULL,
  payment   TEXT COLLATE "C" NOT NULL,
  footer    TEXT COLLATE "C" NOT NULL,
  actor     TEXT COLLATE "C" NOT NULL,
  changed   BIGINT NOT NULL,
  PRIMARY KEY (workspace, party)
);

-- The rules, in the database itself.

-- +goose StatementBegin
CREATE FUNCTION documents_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'documents: immutable';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER documents_change BEFORE UPDATE OR DELETE ON documents
  FOR EACH ROW EXECUTE FUNCTION documents_immutable();
CREATE TRIGGER document_items_change BEFORE UPDATE OR DELETE ON document_items
  FOR EACH ROW EXECUTE FUNCTION documents_immutable();
CREATE TRIGGER documents_truncate BEFORE TRUNCATE ON documents
  FOR EACH STATEMENT EXECUTE FUNCTION documents_immutable();
CREATE TRIGGER document_items_truncate BEFORE TRUNCATE ON document_items
  FOR EACH STATEMENT EXECUTE FUNCTION documents_immutable();

-- +goose StatementBegin
CREATE FUNCTION documents_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM documents d
    WHERE d.id = NEW.id OR (d.workspace = NEW.workspace AND d.kind = NEW.kind AND d.party = NEW.party
      AND d.currency = NEW.currency AND d.period_to >= NEW.period_to)) THEN
    RAISE EXCEPTION 'documents: exists';
  END IF;
  IF NEW.number <> (
    SELECT COALESCE(MAX(d.number), 0) + 1 FROM documents d WHERE d.workspace = NEW.workspace AND d.kind = NEW.kind) THEN
    RAISE EXCEPTION 'documents: number';
  END IF;
  IF NEW.kind <> 'statement' AND NEW.total <> (
    SELECT COALESCE(SUM(i.amount), 0) FROM document_items i WHERE i.document = NEW.id) THEN
    RAISE EXCEPTION 'documents: total';
  END IF;
  IF EXISTS (
    SELECT 1 FROM document_items i WHERE i.document = NEW.id
      AND (NEW.kind = 'statement' OR (i.amount > 0) <> (NEW.kind = 'invoice'))) THEN
    RAISE EXCEPTION 'documents: sign';
  END IF;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER documents_insert BEFORE INSERT ON documents
  FOR EACH ROW EXECUTE FUNCTION documents_check();

-- +goose StatementBegin
CREATE FUNCTION document_items_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM documents d WHERE d.id = NEW.document) THEN
    RAISE EXCEPTION 'documents: closed';
  END IF;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER document_items_insert BEFORE INSERT ON document_items
  FOR EACH ROW EXECUTE FUNCTION document_items_check();
