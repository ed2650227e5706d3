#!/usr/bin/env python3
"""dump.py STORE.db: what a store of SQLite holds, as text for the checker, out of the views doc/storage.md promises.

`conserves(path)` compares the counters of every queue with its rows, also while the program runs.
"""
import sqlite3
import sys

COLUMNS = ("sent", "done", "dead_lettered", "expired", "purged", "overflowed", "redriven", "delayed")


def opened(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)


def name_of(body):
    return bytes(body[:200]).split(b"|", 1)[0].decode(errors="replace").replace(" ", "_") or "-"


def lines(path):
    yield "# rowmq dump 1"
    with opened(path) as db:
        db.execute("BEGIN")
        for queue, *values in db.execute(f"SELECT queue, {', '.join(COLUMNS)} FROM rowmq_queues ORDER BY queue").fetchall():
            yield " ".join([f"queue {queue}", *(f"{column}={value}" for column, value in zip(COLUMNS, values))])
            for view, state in (("rowmq_messages", "ready"), ("rowmq_delayed", "delayed")):
                for body, receives in db.execute(f"SELECT CAST(body AS BLOB), receives FROM {view} WHERE queue = ? ORDER BY sequence", (queue,)):
                    yield f"message {queue} {name_of(body)} {state} {receives}"


def conserves(path):
    """A sentence for every queue whose counters are not its rows."""
    with opened(path) as db:
        db.execute("BEGIN")
        found = {view: dict(db.execute(f"SELECT queue, count(*) FROM {view} GROUP BY queue").fetchall())
                 for view in ("rowmq_messages", "rowmq_delayed")}
        return [f"{queue} counts {ready} and {delayed} delayed, its rows are {found['rowmq_messages'].get(queue, 0)} and "
                f"{found['rowmq_delayed'].get(queue, 0)}"
                for queue, ready, delayed in db.execute("SELECT queue, ready_or_leased, delayed FROM rowmq_queues")
                if (ready, delayed) != (found["rowmq_messages"].get(queue, 0), found["rowmq_delayed"].get(queue, 0))]


if __name__ == "__main__":
    for line in lines(sys.argv[1]):
        print(line)
