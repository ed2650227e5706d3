"""Figures, their bars, and what the machine was like; the same table and JSON as rowmq_bench's."""
import dataclasses
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass
class Figure:
    name: str
    unit: str
    value: float
    note: str = ""
    raw: float | None = None
    ratio: float | None = None
    bar: float | None = None
    at_least: bool = True

    def held(self):
        if self.bar is None:
            return True
        against = self.value if self.ratio is None else self.ratio
        return against >= self.bar if self.at_least else against <= self.bar


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load():
    return os.getloadavg()[0]


class Report:
    def __init__(self):
        self.figures = []

    def add(self, figure):
        self.figures.append(figure)
        raw = f" (raw {number(figure.raw)})" if figure.raw is not None else ""
        ratio = f" = {figure.ratio:.2f} x" if figure.ratio is not None else ""
        held = "" if figure.bar is None else " held" if figure.held() else " MISSED"
        print(f"  {figure.name}: {number(figure.value)} {figure.unit}{raw}{ratio}{held}; {figure.note}", file=sys.stderr)

    def all_held(self):
        return all(figure.held() for figure in self.figures)

    def markdown(self):
        lines = ["| what | measured | raw | ratio | bar | held | conditions |", "|---|---|---|---|---|---|---|"]
        for f in self.figures:
            raw = "" if f.raw is None else f"{number(f.raw)} {f.unit}"
            ratio = "" if f.ratio is None else f"{f.ratio:.2f}"
            bar = held = ""
            if f.bar is not None:
                bar = f"{'>=' if f.at_least else '<='} {number(f.bar)} {f.unit if f.ratio is None else 'x'}"
                held = "yes" if f.held() else "**no**"
            lines.append(f"| {f.name} | {number(f.value)} {f.unit} | {raw} | {ratio} | {bar} | {held} | {f.note} |")
        return "\n".join(lines) + "\n"

    def rows(self):
        return [dataclasses.asdict(figure) | {"held": figure.held()} for figure in self.figures]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else "unknown"


def said_by(*command, line=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[line].strip() if lines else "unknown"


def fdatasync_times(directory, count=300):
    """Milliseconds of each of `count` 4 KiB writes with their fdatasync, in a file that does not grow."""
    path = os.path.join(directory, "fdatasync.bin")
    block, times = b"x" * 4096, []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for i in range(256):
            os.pwrite(descriptor, block, i * 4096)
        os.fsync(descriptor)
        for i in range(count):
            time.sleep(0.001)
            began = time.perf_counter()
            os.pwrite(descriptor, block, i % 256 * 4096)
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - began) * 1e3)
    finally:
        os.close(descriptor)
        os.unlink(path)
    return times


def conditions(server, directory, wrk=True):
    before = load()
    syncs = fdatasync_times(directory)
    here = os.path.dirname(os.path.abspath(__file__))
    found = {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": said_by("df", "--output=fstype", directory, line=-1),
        "fdatasync of 4 KiB": f"p50 {median(syncs):.3f} ms, p99 {percentile(syncs, 0.99):.3f} ms",
        "load before": f"{before:.2f}",
        "server": said_by(server, "version"),
        "Python": f"{platform.python_version()} with SQLite {sqlite3.sqlite_version}",
        "commit": said_by("git", "-C", here, "describe", "--always", "--dirty"),
    }
    if wrk:
        found["wrk"] = said_by("wrk", "--version").split(" Copyright")[0]
    return found


def write_json(path, circumstances, report):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"conditions": circumstances, "figures": report.rows()}, file, indent=1)
        file.write("\n")
