#!/usr/bin/env python3
"""The program that is used has none of the planted bugs: not one of their names is in it, nor the variable that would choose one.

Usage: shipped_test.py PROGRAM [--planted]     --planted: a program that has them all, so that the search is known to find
"""
import sys

import bugs


def main():
    program, planted = sys.argv[1], sys.argv[2:] == ["--planted"]
    content = open(program, "rb").read()
    wanted = [*bugs.bugs(), "ROWMQ_PLANTED"]
    found = [name for name in wanted if name.encode() in content]
    if planted and found != wanted:
        sys.exit(f"{program}: built with planted bugs, but these are not in it: {sorted(set(wanted) - set(found))}")
    if not planted and found:
        sys.exit(f"{program}: has planted bugs: {found}")
    print(f"{program}: {len(found)} of {len(wanted)} names")


if __name__ == "__main__":
    main()
