#!/usr/bin/env python3
"""Kills the example bank again and again, and counts its money with SQLite alone.

Usage: bank_transfer_test.py PROGRAM [KILLS]      (25; with ROWMQ_FULL 200)
"""
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PENCE = 10_000  # ten accounts with 1,000 each
SEED = 20


def state(path):
    """(what is wrong with the finished bank, how many transfers it made), from its tables, without its program."""
    with sqlite3.connect(path) as bank:
        ask = lambda text: bank.execute(text).fetchone()[0]
        wrong = []
        if (pence := ask("SELECT sum(pence) FROM app_accounts")) != PENCE:
            wrong.append(f"{pence} pence in the bank, not {PENCE}")
        if lost := ask("SELECT count(*) FROM app_transfers WHERE id NOT IN (SELECT transfer FROM app_arrivals)"):
            wrong.append(f"{lost} transfers never arrived")
        if doubled := ask("SELECT count(*) - count(DISTINCT transfer) FROM app_arrivals"):
            wrong.append(f"{doubled} transfers arrived more than once")
        if invented := ask("SELECT count(*) FROM app_arrivals WHERE transfer NOT IN (SELECT id FROM app_transfers)"):
            wrong.append(f"{invented} arrivals of transfers nobody made")
        # Each account by itself: what it had, less what it sent, plus what it was sent.
        for account, has, should in bank.execute(
                "SELECT id, pence, 1000 - (SELECT ifnull(sum(pence), 0) FROM app_transfers WHERE source = app_accounts.id)"
                " + (SELECT ifnull(sum(pence), 0) FROM app_transfers WHERE target = app_accounts.id) FROM app_accounts"):
            if has != should:
                wrong.append(f"account {account} has {has} pence, not {should}")
        return wrong, ask("SELECT count(*) FROM app_transfers")


def kill_once(program, path, delay):
    """Starts the bank with more to do than it can, kills it within that; how many transfers it found under way."""
    bank = subprocess.Popen([program, path, "1000000"], stdout=subprocess.PIPE, text=True)
    opened = bank.stdout.readline()
    time.sleep(delay)
    ended = bank.poll()
    bank.kill()
    bank.communicate()
    if ended is not None or bank.returncode != -signal.SIGKILL or "the bank is open" not in opened:
        raise SystemExit(f"the bank ended by itself: {bank.returncode}, {opened!r}")
    return int(opened.split("; ")[1].split()[0])


def spoilt(path, statement):
    """What is said about a copy of the bank in which somebody did this."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    with sqlite3.connect(copy) as bank:
        bank.execute(statement)
    return state(copy)[0]


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200 if os.environ.get("ROWMQ_FULL") else 25
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="rowmq-bank-") as folder:
        path = pathlib.Path(folder) / "bank.db"
        under_way = [kill_once(program, path, chance.uniform(0.005, 0.25)) for _ in range(kills)]
        last = subprocess.run([program, path, "20"], stdout=subprocess.PIPE, text=True, timeout=120)
        wrong, made = state(path)
        print(last.stdout, end="")
        print(f"{kills} kills, {made} transfers, {sum(count > 0 for count in under_way)} runs found some under way")
        if last.returncode != 0:
            wrong.append(f"the last run ended with {last.returncode}")
        if made < kills:
            wrong.append("too few transfers for so many kills: this proves nothing")
        # A count that could not fail would prove nothing either.
        for statement in ("UPDATE app_accounts SET pence = pence + 1 WHERE id = 3", "DELETE FROM app_arrivals WHERE transfer = 5",
                          "INSERT INTO app_arrivals VALUES (7)", "INSERT INTO app_arrivals VALUES (-1)"):
            if not spoilt(path, statement):
                wrong.append(f"the count does not notice: {statement}")
    for line in wrong:
        print("WRONG", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
