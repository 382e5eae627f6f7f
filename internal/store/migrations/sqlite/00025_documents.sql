-- +goose Up
-- Documents: invoices, credit notes, statements. Items are inserted before their document,
-- whose trigger proves number and sum; items without a document violate their deferred
-- foreign key at commit.

CREATE TABLE documents (
  id          TEXT   NOT NULL PRIMARY KEY,
  workspace   TEXT   NOT NULL CHECK (workspace <> ''),
  kind        TEXT   NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'statement')),
  number      BIGINT NOT NULL CHECK (number > 0),
  party       TEXT   NOT NULL CHECK (party <> ''),
  currency    TEXT   NOT NULL,
  period_from BIGINT NOT NULL,
  period_to   BIGINT NOT NULL CHECK (period_to > period_from), -- exclusive
  issued      BIGINT NOT NULL,
  due         BIGINT NOT NULL, -- 0 = none
  total       BIGINT NOT NULL, -- minor units
  actor       TEXT   NOT NULL,
  body        TEXT   NOT NULL -- JSON
);
CREATE UNIQUE INDEX documents_number ON documents (workspace, kind, number);
CREATE UNIQUE INDEX documents_period ON documents (workspace, kind, party, currency, period_to);
CREATE INDEX documents_workspace ON documents (workspace, id);
CREATE INDEX documents_party ON documents (workspace, party, id);

-- What a line bills of a conversion.
CREATE TABLE document_items (
  document   TEXT   NOT NULL REFERENCES documents (id) DEFERRABLE INITIALLY DEFERRED,
  conversion TEXT   NOT NULL CHECK (conversion <> ''),
  line       BIGINT NOT NULL CHECK (line > 0),
  amount     BIGINT NOT NULL CHECK (amount <> 0), -- minor units
  PRIMARY KEY (document, conversion)
) WITHOUT ROWID;
CREATE INDEX document_items_conversion ON document_items (conversion);

-- What documents say about one side; party '' is the workspace itself.
CREATE TABLE billing_texts (
  workspace TEXT   NOT NULL,
  party     TEXT   NOT NULL,
  name      TEXT   NOT NULL,
  address   TEXT   NOT NULL,
  tax_id    TEXT   NOT NULL,
  due_days  BIGINT NOT NULL,
  payment   TEXT   NOT NULL,
  footer    TEXT   NOT NULL,
  actor     TEXT   NOT NULL,
  changed   BIGINT NOT NULL,
  PRIMARY KEY (workspace, party)
) WITHOUT ROWID;

-- The rules, in the database itself. INSERT OR REPLACE deletes without firing delete
-- triggers, so a second document of an id or number is refused before it comes to that.

-- +goose StatementBegin
CREATE TRIGGER documents_insert BEFORE INSERT ON documents
BEGIN
  SELECT RAISE(ABORT, 'documents: exists') WHERE EXISTS (
    SELECT 1 FROM documents d
    WHERE d.id = NEW.id OR (d.workspace = NEW.workspace AND d.kind = NEW.kind AND d.party = NEW.party
      AND d.currency = NEW.currency AND d.period_to >= NEW.period_to));
  SELECT RAISE(ABORT, 'documents: number') WHERE NEW.number <> (
    SELECT COALESCE(MAX(d.number), 0) + 1 FROM documents d WHERE d.workspace = NEW.workspace AND d.kind = NEW.kind);
  SELECT RAISE(ABORT, 'documents: total') WHERE NEW.kind <> 'statement' AND NEW.total <> (
    SELECT COALESCE(SUM(i.amount), 0) FROM document_items i WHERE i.document = NEW.id);
  SELECT RAISE(ABORT, 'documents: sign') WHERE EXISTS (
    SELECT 1 FROM document_items i WHERE i.document = NEW.id
      AND (NEW.kind = 'statement' OR (i.amount > 0) <> (NEW.kind = 'invoice')));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER documents_update BEFORE UPDATE ON documents
BEGIN
  SELECT RAISE(ABORT, 'documents: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER documents_delete BEFORE DELETE ON documents
BEGIN
  SELECT RAISE(ABORT, 'documents: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_items_update BEFORE UPDATE ON document_items
BEGIN
  SELECT RAISE(ABORT, 'documents: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_items_delete BEFORE DELETE ON document_items
BEGIN
  SELECT RAISE(ABORT, 'documents: immutable');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER document_items_insert BEFORE INSERT ON document_items
BEGIN
  SELECT RAISE(ABORT, 'documents: closed')
    WHERE EXISTS (SELECT 1 FROM documents d WHERE d.id = NEW.document)
      OR EXISTS (SELECT 1 FROM document_items i WHERE i.document = NEW.document AND i.conversion = NEW.conversion);
END;
-- +goose StatementEnd
