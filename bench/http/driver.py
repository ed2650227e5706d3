"""Runs benchmarks one after the other and tells what they measured."""
import os
import sys

from report import Report, write_json
from served import CannotMeasure


def drive(benchmarks, words, settings, circumstances):
    """`benchmarks` is {name: (what, function)}; `words` has `names` and `json`. Returns the program's exit code."""
    report, broken = Report(), False
    for name, (what, run) in benchmarks.items():
        if words.names and name not in words.names:
            continue
        print(f"{name}: {what}", file=sys.stderr)
        try:
            run(settings, report)
        except (CannotMeasure, OSError) as failure:
            print(f"{name}: could not be measured: {failure}", file=sys.stderr)
            broken = True
    circumstances["load after"] = f"{os.getloadavg()[0]:.2f}"
    for name, value in circumstances.items():
        print(f"{name}: {value}  ")
    print(f"\n{report.markdown()}", end="")
    if words.json:
        write_json(words.json, circumstances, report)
    return 1 if broken else 0 if report.all_held() else 3
