#!/usr/bin/env python3
"""Counts the cases in the gate's reports and closes with one line: "N passed, N failed".

A program of googletest and a run of pytest each leave a file with their cases; ctest leaves one with its tests. A test
of ctest that failed and whose own cases did not (a crash, a time-out) counts as one failed case.
Usage: tally.py FOLDER [1 when a stage failed]
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


def tally(folder):
    """(how many passed, the names that failed)."""
    passed, failed = 0, []
    for report in sorted(folder.glob("*.ctest.xml")):
        tree = report.name.removesuffix(".ctest.xml")
        inner_passed, inner_failed = 0, []
        for inner in sorted((folder / tree).glob("*.xml")):
            try:
                for name, bad in cases(inner):
                    if bad:
                        inner_failed.append(f"{tree}: {name}")
                    else:
                        inner_passed += 1
            except xml.ParseError:
                inner_failed.append(f"{tree}: {inner.name} is cut off")
        outer = [(name, bad) for name, bad in cases(report)]
        outer_failed = [f"{tree}: {name.split('.', 1)[1]}" for name, bad in outer if bad]
        passed += inner_passed + sum(1 for _, bad in outer if not bad)
        failed += inner_failed + outer_failed
    return passed, failed


def main():
    folder = pathlib.Path(sys.argv[1])
    stage_failed = len(sys.argv) > 2 and sys.argv[2] != "0"
    passed, failed = tally(folder)
    if stage_failed and not failed:
        failed = ["a stage above"]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
