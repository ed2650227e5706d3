#!/usr/bin/env python3
"""Counts the cases in the gate's reports and closes with one line: "N passed, N failed".

A program of googletest and a run of pytest each leave a file with their cases; ctest leaves one with its tests. A test of
ctest counts itself when it left no such file, or when it failed and none of its cases did (a crash, a time-out).
Usage: tally.py FOLDER FAILED [STAGE..]     FAILED is 1 when a stage failed; STAGE: those that leave no report
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def cases(path):
    """(name, failed) of every case that ran."""
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
            continue
        failed = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
        yield f'{case.get("classname")}.{case.get("name")}', failed


def cases_of(folder, test):
    """The cases a test of ctest left; none when it left no file. A file that is cut off is a failed case."""
    for path in (folder / f"{test}.xml", folder / f"test_{test}.xml"):
        if path.exists():
            try:
                return list(cases(path))
            except xml.ParseError:
                return [(f"{path.name} is cut off", True)]
    return None


def tally(folder):
    """(how many passed, the names that failed)."""
    passed, failed = 0, []
    for report in sorted(folder.glob("*.ctest.xml")):
        tree = report.name.removesuffix(".ctest.xml")
        for name, bad in cases(report):
            name = name.split(".", 1)[1]
            inner = cases_of(folder / tree, name)
            inner_failed = [case for case, wrong in inner or [] if wrong]
            failed += [f"{tree}: {name}: {case}" for case in inner_failed]
            if bad and not inner_failed:
                failed.append(f"{tree}: {name}")
            passed += len(inner) - len(inner_failed) if inner is not None else (not bad)
    return passed, failed


def main():
    passed, failed = tally(pathlib.Path(sys.argv[1]))
    failed += sys.argv[3:]
    if sys.argv[2] != "0" and not failed:
        failed = ["a stage above"]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
