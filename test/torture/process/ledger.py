"""Writes the ledger that test/torture/checker reads (the format is in test/torture/README.md)."""
import threading
import time


class Ledger:
    """Appends; every call is handed to the kernel before the caller goes on."""

    def __init__(self, path):
        self.path = path
        self._file = open(path, "w", buffering=1)
        self._file.write("# rowmq ledger 1\n")
        self._lock = threading.Lock()
        self._number = 0

    def add(self, invoked, client, op, outcome, entries=(("-", ""),), returned=None):
        """One call on one or several messages, each with its details. The number of the first line."""
        returned = time.monotonic_ns() if returned is None else returned
        with self._lock:
            first = self._number + 1
            lines = []
            for name, detail in entries:
                self._number += 1
                lines.append(f"{self._number} {invoked} {returned} {client} {op} {name} {outcome}{' ' + detail if detail else ''}\n")
            self._file.write("".join(lines))
            return first

    def close(self):
        self._file.close()
