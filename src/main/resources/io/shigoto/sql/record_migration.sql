-- Remembers that a step was applied. The words in braces are put in by the caller, so that it can stand in a script.
-- Locks: its own new row.
INSERT INTO shigoto.migrations (version, name) VALUES ({version}, '{name}')
