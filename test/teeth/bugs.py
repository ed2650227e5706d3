"""The planted bugs, as src/base/planted.hpp names them, and the rooms they are planted in."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "src/base/planted.hpp"
ROOMS = ("broker", "storage/sqlite", "sqs", "sns")


def bugs():
    """{name: what it does}, in the order of the list."""
    return dict(re.findall(r"\bBUG\((\w+)\)\s*/\*\s*(.*?)\s*\*/", LIST.read_text()))


def rooms():
    """{name: {room}}: where the product asks for it."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / "src" / room).rglob("*.[ch]pp")):
            for name in re.findall(r"\bBug::(\w+)", path.read_text()):
                found.setdefault(name, set()).add(room)
    return found
