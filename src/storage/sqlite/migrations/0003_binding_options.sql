-- What a binding does with the messages that reach it: its filter, the note of its copies, attributes. Empty: nothing of it.

ALTER TABLE bindings ADD COLUMN options TEXT NOT NULL DEFAULT '';
