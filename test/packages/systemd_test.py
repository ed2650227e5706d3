#!/usr/bin/env python3
"""The service on a Debian that is booted: systemd starts it, starts it again when it was killed, and stops it.

Belongs to the full run (ROWMQ_FULL), which makes such a Debian. Usage: systemd_test.py BUILD-FOLDER VERSION
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import debian_test
from debian_test import output

SECONDS = 120  # booting, all that is asked, and halting

# Runs within. Every line it prints is looked at; the machine halts after the last.
SCRIPT = r"""
say() { echo "$1: $(systemctl is-active rowmq)"; }
say started
rowmq send --create orders 'two teapots' --config /etc/rowmq/rowmq.toml
systemctl kill --signal KILL rowmq
for tries in $(seq 300); do
    [ "$(systemctl show rowmq --property NRestarts --value)" = 1 ] && systemctl is-active --quiet rowmq && break
    sleep 0.1
done
say killed
rowmq peek orders --config /etc/rowmq/rowmq.toml
systemctl reload rowmq
say reloaded
systemctl stop rowmq
echo "stopped: $(systemctl show rowmq --property Result --property ExecMainStatus --value | tr '\n' ' ')"
journalctl --unit rowmq --no-pager
systemctl --force poweroff
"""

UNIT = """[Unit]
After=rowmq.service
[Service]
Type=oneshot
ExecStart=/bin/bash /script
StandardOutput=file:/said
StandardError=file:/said
"""


class Booted(unittest.TestCase):
    def test_starts_the_service_again_when_it_was_killed_and_stops_it_in_order(self):
        root = pathlib.Path(debian_test.BELOW)
        name = debian_test.package("rowmq").name
        (root / "script").write_text(SCRIPT)
        (root / "etc/systemd/system/script.service").write_text(UNIT)
        wanted = root / "etc/systemd/system/multi-user.target.wants"
        wanted.mkdir(exist_ok=True)
        (wanted / "script.service").symlink_to("../script.service")
        output("cp", debian_test.package("rowmq"), root)
        output("chroot", root, "dpkg", "--no-triggers", "--install", f"/{name}")
        self.assertTrue((wanted / "rowmq.service").is_symlink(), "installed, and not enabled")
        with tempfile.TemporaryFile("w+") as console:
            # What isolate() made has the processes of its own, but not their /proc.
            boot = f"mount -t proc none /proc && exec systemd-nspawn --directory {root} --register=no --keep-unit --private-network --boot --console=pipe"
            try:
                subprocess.run(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-c", boot],
                               stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=SECONDS, check=False)
            except subprocess.TimeoutExpired as late:
                print(late)  # what it said until then shows where it stayed
            console.seek(0)
            booted = console.read()
        said = (root / "said").read_text() if (root / "said").exists() else booted
        for line in ("started: active", "killed: active", "two teapots", "reloaded: active", "stopped: success 0", "stopping signal=SIGTERM"):
            self.assertIn(line, said)


def setUpModule():
    debian_test.setUpModule()


if __name__ == "__main__":
    debian_test.BUILD, debian_test.VERSION = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    if not debian_test.machine.isolate():
        sys.exit("no mounts here: no Debian can be booted")
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
