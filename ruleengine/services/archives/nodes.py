"""Nodes of workflows that are too large for an API server, in Argo's own table.

A workflow on its way writes version after version; the one before stays for whoever still reads
an older status.
"""

from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from ruleengine.services.archives.archive import Database

NODES: Final = "argo_workflows"
_CLUSTER: Final = "default"
_SAVE: Final = f"""
INSERT INTO {NODES} (clustername, uid, version, namespace, nodes) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (clustername, uid, version) DO UPDATE SET nodes = excluded.nodes
"""  # noqa: S608 - the name of a table, no data
_LOAD: Final = (
    f"SELECT CAST(nodes AS TEXT) FROM {NODES} "  # noqa: S608
    "WHERE clustername = ? AND uid = ? AND version = ?"
)
_FORGET: Final = (
    f"DELETE FROM {NODES} WHERE clustername = ? AND uid = ? "  # noqa: S608
    "AND version <> ? AND version <> ?"
)


class OffloadedNodes:
    """Nodes by the uid of their workflow and their version."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, uid: str, namespace: str, version: str, nodes: str, before: str) -> None:
        """Keep a version of a workflow's nodes, and the one ``before``; forget older ones."""
        with self._database.transaction():
            self._database.execute(_SAVE, (_CLUSTER, uid, version, namespace, nodes))
            self._database.execute(_FORGET, (_CLUSTER, uid, version, before))

    def load(self, uid: str, version: str) -> Object:
        """Return a version of a workflow's nodes. Raises ``StoreError`` where it is not there."""
        rows = self._database.execute(_LOAD, (_CLUSTER, uid, version))
        if not rows:
            raise StoreError(
                f"the nodes {version} of the workflow {uid} are not in the database",
                "read it where they were written: `archive.database` has to be the same",
            )
        found: Object = json_text.loads(rows[0][0])
        return found

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


def node_tables(json: str) -> str:
    """Return the statement that makes the table; ``json`` is the type of documents."""
    return f"""
CREATE TABLE IF NOT EXISTS {NODES} (
    clustername VARCHAR(64) NOT NULL, uid VARCHAR(128) NOT NULL,
    version VARCHAR(64) NOT NULL, namespace VARCHAR(256) NOT NULL,
    nodes {json} NOT NULL, updatedat TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (clustername, uid, version))
"""
