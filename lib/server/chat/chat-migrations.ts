/** "HDRM" in ASCII: tells our file from another program's SQLite database. */
export const CHAT_APPLICATION_ID = 0x4844524d;

/**
 * Step n brings a database from version n to n + 1 (PRAGMA user_version); each runs in a transaction of its own.
 * Never edit a step that was released.
 *
 * An answer enters the full-text index when it is finished, not at each flush: `pending` rows are not in the index.
 */
export const chatMigrations: readonly string[] = [
  `
  CREATE TABLE chat (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    title_source TEXT NOT NULL,
    folder TEXT,
    pinned INTEGER NOT NULL DEFAULT 0,
    system_prompt TEXT,
    sampling TEXT NOT NULL DEFAULT '{}',
    overflow TEXT NOT NULL DEFAULT 'ask',
    head_id TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX chat_by_date ON chat (deleted_at_ms, pinned DESC, updated_at_ms DESC);

  CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES message (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    thought TEXT NOT NULL DEFAULT '',
    thought_ms INTEGER,
    attachments TEXT NOT NULL DEFAULT '[]',
    status TEXT NOT NULL,
    edited INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    stats TEXT,
    cut TEXT,
    created_at_ms INTEGER NOT NULL
  );
  CREATE INDEX message_of_chat ON message (chat_id);
  CREATE INDEX message_of_parent ON message (parent_id);
  CREATE INDEX message_pending ON message (status) WHERE status = 'pending';

  CREATE VIRTUAL TABLE message_text USING fts5 (
    text, content = 'message', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
  );
  CREATE TRIGGER message_text_insert AFTER INSERT ON message WHEN new.status <> 'pending' BEGIN
    INSERT INTO message_text (rowid, text) VALUES (new.key, new.text);
  END;
  CREATE TRIGGER message_text_update AFTER UPDATE OF text, status ON message BEGIN
    INSERT INTO message_text (message_text, rowid, text) SELECT 'delete', old.key, old.text WHERE old.status <> 'pending';
    INSERT INTO message_text (rowid, text) SELECT new.key, new.text WHERE new.status <> 'pending';
  END;
  CREATE TRIGGER message_text_delete AFTER DELETE ON message WHEN old.status <> 'pending' BEGIN
    INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.key, old.text);
  END;
  `,
  // Finds parts of words ("script" in JavaScript) and text without spaces. The index of whole words stays for one or two letters.
  `
  CREATE VIRTUAL TABLE message_trigram USING fts5 (
    text, content = 'message', content_rowid = 'key', tokenize = 'trigram remove_diacritics 1'
  );
  INSERT INTO message_trigram (rowid, text) SELECT key, text FROM message WHERE status <> 'pending';
  CREATE TRIGGER message_trigram_insert AFTER INSERT ON message WHEN new.status <> 'pending' BEGIN
    INSERT INTO message_trigram (rowid, text) VALUES (new.key, new.text);
  END;
  CREATE TRIGGER message_trigram_update AFTER UPDATE OF text, status ON message BEGIN
    INSERT INTO message_trigram (message_trigram, rowid, text)
      SELECT 'delete', old.key, old.text WHERE old.status <> 'pending';
    INSERT INTO message_trigram (rowid, text) SELECT new.key, new.text WHERE new.status <> 'pending';
  END;
  CREATE TRIGGER message_trigram_delete AFTER DELETE ON message WHEN old.status <> 'pending' BEGIN
    INSERT INTO message_trigram (message_trigram, rowid, text) VALUES ('delete', old.key, old.text);
  END;
  `,
];
