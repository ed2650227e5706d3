#!/usr/bin/env python3
"""Rules of the tree that a compiler does not check. Exit 1 and one line a violation: FILE:LINE: what.

Usage: tidy.py [ROOT]      (self-test: tidy_test.py)
"""
import collections
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


def resolve(included, path, files):
    """The tree's file an include names, seen from the include roots and from the file's own folder; None if foreign."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), included))
    for candidate in (f"include/{included}", f"src/{included}", included, beside):
        if posixpath.normpath(candidate) in files:
            return posixpath.normpath(candidate)
    return None


def includes(path, lines, files):
    """(line, as written, the tree's file) of every #include of a file of the tree, in quotes or in angles."""
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
        target = resolve(match.group(1), path, files) if match else None
        if target:
            yield number, match.group(1), target


def tests_of(included_by, names):
    """The files only tests are made of: *_test.cpp, *_test.hpp, and headers included by nothing else."""
    tests = {name for name in names if name.endswith(("_test.cpp", "_test.hpp"))}
    while more := {name for name, users in included_by.items() if name.endswith(".hpp") and name not in tests and users <= tests}:
        tests |= more
    return tests


def check_includes(path, included, tests, rooms):
    own = room_of(path, rooms)
    for number, written, target in included:
        if not own:
            yield number, f"the include table of ARCHITECTURE.md has no room for {path}"
            return
        allowed, for_tests = rooms[own]
        room = room_of(target, rooms)
        extra = for_tests if path in tests else []
        if "*" in allowed or room == own or room in allowed or any(room_of(target, [name]) for name in extra):
            continue
        yield number, f"{own} may not include {room or target} ({written})"


# ------------------------------------------------------------------------------------------- lines

# What would make a run of the core differ from the next one with the same seed.
NOT_DETERMINED = {
    "clocks": re.compile(r"\b\w*[cC]lock::now\(|\b(std::)?time\(\s*(NULL|nullptr|0|&)|gettimeofday|clock_gettime|\btimespec_get\("
                         r"|asio::(steady|system|high_resolution)_timer|sleep_(for|until)|\b(u|nano)?sleep\("),
    "threads": re.compile(r"std::(this_thread|j?thread\b|async\b|(shared_|recursive_|timed_)*mutex|condition_variable)|pthread_"
                          r"|asio::thread_pool"),
    "randomness": re.compile(r"std::(random_device|mt19937|minstd_rand|default_random_engine)"
                             r"|\b(s?rand|s?random|arc4random\w*|getrandom|getentropy|[dlm]rand48)\(|/dev/u?random"),
    "environment": re.compile(r"\b(secure_)?(get|put|set)env\(|\benviron\b"),
}
# What of that an engine has by its nature: threads of its own, which a simulation leaves out; figures of how long something
# took; deadlines of reads and of an application's function, off where they are 0; the name of a new store.
STORAGE_MAY = {
    "src/storage/memory/content.cpp": {"randomness"},
    "src/storage/memory/engine.cpp": {"clocks"},
    "src/storage/sqlite/applications.cpp": {"clocks"},
    "src/storage/sqlite/core.cpp": {"threads"},
    "src/storage/sqlite/core.hpp": {"threads"},
    "src/storage/sqlite/owner.cpp": {"threads"},
    "src/storage/sqlite/page_sums.cpp": {"threads"},
    "src/storage/sqlite/reader.cpp": {"clocks"},
    "src/storage/sqlite/store.cpp": {"clocks"},
    "src/storage/sqlite/store.hpp": {"threads"},
    "src/storage/sqlite/worker.cpp": {"threads"},
    "src/storage/sqlite/worker.hpp": {"threads"},
    "src/storage/sqlite/writer.cpp": {"clocks"},
}
SKIPPED = re.compile(r"GTEST_SKIP|\bDISABLED_|pytest\.(mark\.|importor)?skip|\bxfail\b|unittest\.skip")
SQL = re.compile(r"\b(SELECT\s+[\w*(].*\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b"
                 r"|CREATE\s+(UNIQUE\s+|TEMP\s+)?(TABLE|INDEX|VIEW|TRIGGER)\b|PRAGMA\s+\w+|BEGIN\s+(IMMEDIATE|EXCLUSIVE)\b)")
# A folder of somebody's machine: home folders, and roots no package installs to.
MACHINE_PATH = re.compile(r"(?<![\w.\-/}>*~])/(?:home|Users|root|work|farm|mnt|srv)/[\w.\-]")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not implemented")


def strings_of(line):
    return " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', line))


def without_comment(line):
    return re.sub(r"//.*", "", line)


def check_code(path, lines, tests):
    if path.endswith(".hpp") and not any(line.strip() == "#pragma once" for line in lines):
        yield 1, "a header starts with #pragma once"
    if len(lines) > MAX_LINES:
        yield MAX_LINES, f"{len(lines)} lines; a file is one idea, at most {MAX_LINES} lines"
    sql_is_home = path.startswith(("src/storage/", "test/", "bench/", "examples/")) or path in tests
    for number, line in enumerate(lines, 1):
        code = without_comment(line)
        if path.startswith(("src/broker/", "src/storage/")) and path not in tests:
            for kind, used in NOT_DETERMINED.items():
                if used.search(code) and kind not in STORAGE_MAY.get(path, ()):
                    yield number, f"no {kind} here: the core takes them from what it is given (Clock, Random, executor, options)"
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


def check_links(path, lines, files):
    folders = {str(folder) for name in files for folder in pathlib.PurePosixPath(name).parents}
    for number, line in enumerate(lines, 1):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if "://" not in target and not target.startswith("mailto:") and place not in files and place not in folders:
                yield number, f"a link to {target}, which is not there"


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
    texts = {}
    for name in names:
        suffix = pathlib.PurePosixPath(name).suffix
        if suffix not in CODE | PROSE or name == "LICENSE" or name.startswith("test/fuzz/corpus/"):
            continue
        try:
            texts[name] = (root / name).read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        if texts[name][-1] == "":
            texts[name].pop()
        else:
            found.append(f"{name}:{len(texts[name])}: does not end with a line feed")

    code = {name for name in texts if pathlib.PurePosixPath(name).suffix in CODE and name.startswith(OWN_FOLDERS)}
    included = {name: list(includes(name, texts[name], files)) for name in code}
    included_by = collections.defaultdict(set)
    for name, targets in included.items():
        for _, _, target in targets:
            included_by[target].add(name)
    tests = tests_of(included_by, names)

    for name, lines in texts.items():
        problems = list(check_lines(name, lines))
        if name.endswith(".md"):
            problems += check_links(name, lines, files)
        if name in code:
            problems += check_includes(name, included[name], tests, rooms)
            problems += check_code(name, lines, tests)
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
