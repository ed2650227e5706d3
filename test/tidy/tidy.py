#!/usr/bin/env python3
"""Rules of the tree that a compiler does not check. Exit 1 and one line a violation: FILE:LINE: what.

Usage: tidy.py [ROOT]      (self-test: tidy_test.py)
"""
import pathlib
import posixpath
import re
import subprocess
import sys

CODE = {".cpp", ".hpp"}
PROSE = {".md", ".txt", ".py", ".sh", ".sql", ".cmake", ".json", ".toml", ".yml", ""}
MAX_LINES = 500
OWN_FOLDERS = ("include/", "src/", "test/", "bench/", "examples/")


# ------------------------------------------------------------------------------------------- what may include what

def include_table(architecture):
    """{room: (allowed rooms, rooms its tests may include too)} from the markdown table headed 'room | may include'."""
    rooms, inside = {}, False
    for line in architecture.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            inside = False
        elif cells[:2] == ["room", "may include"]:
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            listed = [[name.strip() for name in cell.split(",") if name.strip()] for cell in cells[1:3]]
            rooms[cells[0]] = (listed[0], listed[1] if len(listed) > 1 else [])
    return rooms


def room_of(path, rooms):
    """The longest room that is the path or a folder above it."""
    found = ""
    for room in rooms:
        if (path == room or path.startswith(room + "/")) and len(room) > len(found):
            found = room
    return found


def is_test(path):
    return path.endswith(("_test.cpp", "_test.hpp"))


def resolve(included, path, files):
    """The tree's file an include names, seen from the include roots and from the file's own folder; None if foreign."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), included))
    for candidate in (f"include/{included}", f"src/{included}", included, beside):
        if posixpath.normpath(candidate) in files:
            return posixpath.normpath(candidate)
    return None


def check_includes(path, lines, files, rooms):
    own = room_of(path, rooms)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        target = resolve(match.group(1), path, files) if match else None
        if target is None:
            continue
        if not own:
            yield number, f"the include table of ARCHITECTURE.md has no room for {path}"
            return
        allowed, for_tests = rooms[own]
        room = room_of(target, rooms)
        extra = for_tests if is_test(path) else []
        if "*" in allowed or room == own or room in allowed or any(room_of(target, [name]) for name in extra):
            continue
        yield number, f"{own} may not include {room or target} ({match.group(1)})"


# ------------------------------------------------------------------------------------------- lines

# What would make a run of the broker differ from the next one with the same seed.
NOT_DETERMINED = re.compile(
    r"std::(this_thread|j?thread\b|async\b|mutex|condition_variable|random_device|mt19937)|sleep_(for|until)|\bu?sleep\("
    r"|(system|steady|high_resolution)_clock::now|\bgetenv\(|\b(s?rand|random|arc4random)\(|\btime\(\s*(NULL|nullptr|0)|gettimeofday"
    r"|clock_gettime|boost::asio::steady_timer|asio::system_timer")
SKIPPED = re.compile(r"GTEST_SKIP|\bDISABLED_|pytest\.(mark\.)?skip|\bxfail\b|unittest\.skip")
SQL = re.compile(r"\b(SELECT\s+[\w*(].*\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b"
                 r"|CREATE\s+(UNIQUE\s+|TEMP\s+)?(TABLE|INDEX|VIEW|TRIGGER)\b|PRAGMA\s+\w+|BEGIN\s+(IMMEDIATE|EXCLUSIVE)\b)")
# A folder of somebody's machine: home folders, and roots no package installs to.
MACHINE_PATH = re.compile(r"(?<![\w.\-/}>*~])/(?:home|Users|root|work|farm|mnt|srv)/[\w.\-]")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not implemented")


def strings_of(line):
    return " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', line))


def without_comment(line):
    return re.sub(r"//.*", "", line)


def check_code(path, lines):
    if path.endswith(".hpp") and not any(line.strip() == "#pragma once" for line in lines):
        yield 1, "a header starts with #pragma once"
    if len(lines) > MAX_LINES:
        yield MAX_LINES, f"{len(lines)} lines; a file is one idea, at most {MAX_LINES} lines"
    sql_is_home = path.startswith(("src/storage/", "test/", "bench/", "examples/")) or is_test(path)
    for number, line in enumerate(lines, 1):
        code = without_comment(line)
        if path.startswith("src/broker/") and not is_test(path) and NOT_DETERMINED.search(code):
            yield number, "src/broker takes time, randomness and threads from what it is given (Clock, Random, executor)"
        if not sql_is_home and SQL.search(strings_of(line)):
            yield number, "SQL lives in src/storage, in .sql files"


def check_lines(path, lines):
    of_rules = path.startswith("test/tidy/")  # names what it refuses
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not path.endswith(".md"):
            yield number, "trailing white space"
        if of_rules:
            continue
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"
        if SKIPPED.search(line):
            yield number, "a test runs or is removed; none is skipped"
        if path.startswith(("src/", "include/", "test/", "tools/", "bench/", "examples/")) and UNFINISHED.search(line):
            yield number, "left unfinished"


# ------------------------------------------------------------------------------------------- the tree

def files_of(root):
    """What git tracks or would add; without git, every file."""
    try:
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, check=True).stdout.decode().split("\0")
        return sorted({name for name in listed if name and (root / name).is_file()})
    except (OSError, subprocess.CalledProcessError):
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def check_tree(root, names=None):
    """["file:line: what", ...] for every violation below root."""
    names = files_of(root) if names is None else names
    files, found = set(names), []
    rooms = include_table((root / "ARCHITECTURE.md").read_text()) if "ARCHITECTURE.md" in files else {}
    if not rooms:
        found.append("ARCHITECTURE.md:1: has no table 'room | may include'")
    for name in names:
        suffix = pathlib.PurePosixPath(name).suffix
        if suffix not in CODE | PROSE or name == "LICENSE":
            continue
        try:
            lines = (root / name).read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        if lines and lines[-1] == "":
            lines.pop()
        elif lines:
            found.append(f"{name}:{len(lines)}: does not end with a line feed")
        problems = list(check_lines(name, lines))
        if suffix in CODE and name.startswith(OWN_FOLDERS):
            problems += check_includes(name, lines, files, rooms)
            problems += check_code(name, lines)
        found += [f"{name}:{number}: {what}" for number, what in problems]
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    found = check_tree(root)
    for line in found:
        print(line)
    print(f"tidy: {len(found)} violation{'' if len(found) == 1 else 's'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
