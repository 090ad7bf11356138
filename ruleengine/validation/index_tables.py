"""The tables of the index: what they hold says :mod:`ruleengine.validation.index`."""

from typing import Final

FORMAT: Final = 4
"""The version of the tables."""

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, blob TEXT NOT NULL, entry INTEGER) WITHOUT ROWID;
CREATE INDEX files_by_entry ON files (entry) WHERE entry IS NOT NULL;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, documents INTEGER NOT NULL, findings TEXT NOT NULL,
    recorded_documents INTEGER NOT NULL, recorded TEXT NOT NULL, applications TEXT NOT NULL);
CREATE INDEX entries_with_findings ON entries (id) WHERE findings <> '';
CREATE TABLE evaluations (entry INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE identities (key TEXT NOT NULL, entry INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX identities_by_key ON identities (key);
CREATE INDEX identities_by_entry ON identities (entry);
CREATE TABLE definitions (
    kind TEXT NOT NULL, name TEXT NOT NULL, entry INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX definitions_by_name ON definitions (kind, name);
CREATE INDEX definitions_by_entry ON definitions (entry);
CREATE TABLE pointers (
    kind TEXT NOT NULL, name TEXT NOT NULL, entry INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX pointers_by_name ON pointers (kind, name);
CREATE INDEX pointers_by_entry ON pointers (entry);
CREATE TABLE sources (folder TEXT NOT NULL, path TEXT NOT NULL);
CREATE INDEX sources_by_folder ON sources (folder);
CREATE INDEX sources_by_path ON sources (path);
CREATE TABLE problems (
    kind TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX problems_by_name ON problems (kind, name);
CREATE INDEX problems_by_path ON problems (path);
"""
HANGING: Final = ("evaluations", "identities", "definitions", "pointers")
"""Tables whose rows belong to an entry."""
