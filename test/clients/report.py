#!/usr/bin/env python3
"""Turns what another language's test runner says into one report of the gate (the XML tools/tally.py counts).

Usage: report.py tap|go FILE OUT.xml       what `node --test --test-reporter=tap` or `go test -v` printed
       report.py surefire FOLDER OUT.xml   the reports Maven Surefire left
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def of_tap(text):
    """(name, failed): every test but the lines that stand for a whole file."""
    for match in re.finditer(r"^\s*(not )?ok \d+ - (.*?)(?: #.*)?$", text, re.MULTILINE):
        if not match.group(2).endswith(".mjs"):
            yield match.group(2), bool(match.group(1))


def of_go(text):
    for match in re.finditer(r"^--- (PASS|FAIL|SKIP): (\S+)", text, re.MULTILINE):
        yield match.group(2), match.group(1) != "PASS"


def of_surefire(folder):
    for path in sorted(folder.glob("TEST-*.xml")):
        for case in xml.parse(path).getroot().iter("testcase"):
            bad = case.find("failure") is not None or case.find("error") is not None
            yield f'{case.get("classname")}.{case.get("name")}', bad


def main():
    kind, source, out = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    found = list(of_surefire(source) if kind == "surefire" else {"tap": of_tap, "go": of_go}[kind](source.read_text(errors="replace")))
    suite = xml.Element("testsuite", name=kind)
    for name, bad in found:
        case = xml.SubElement(suite, "testcase", classname=kind, name=name)
        if bad:
            xml.SubElement(case, "failure")
    xml.ElementTree(suite).write(out, encoding="utf-8", xml_declaration=True)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
