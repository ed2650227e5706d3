#!/usr/bin/env python3
"""The Debian packages: made, looked into, and installed, run, removed and purged on a throw-away machine.

That machine is this one under a layer that is thrown away; with ROWMQ_FULL it is a Debian with nothing on it, where apt
finds what the packages depend on. Where the system allows no mounts, the packages are unpacked and the program is run.

Usage: debian_test.py BUILD-FOLDER VERSION
"""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import machine

BUILD, VERSION = pathlib.Path(), ""
SOURCE = pathlib.Path(__file__).resolve().parents[2]
UNIT = "/usr/lib/systemd/system/rowmq.service"
FULL = bool(os.environ.get("ROWMQ_FULL"))
MADE = None  # the folder with both packages
BELOW = "/"  # the Debian the machines stand on


def output(*words, **more):
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def package(name):
    return next(MADE.glob(f"{name}_*.deb"))


def fields(name):
    return dict(re.findall(r"^ ?([\w-]+): (.*)$", output("dpkg-deb", "--field", package(name)), re.MULTILINE))


def files(name):
    """{path: (mode, owner)} of the files in a package."""
    lines = [line.split(None, 5) for line in output("dpkg-deb", "--contents", package(name)).splitlines()]
    return {line[5][1:]: (line[0], line[1]) for line in lines if not line[5].endswith("/")}


def setUpModule():
    global MADE
    MADE = pathlib.Path(tempfile.mkdtemp(prefix="rowmq-packages-"))
    unittest.addModuleCleanup(shutil.rmtree, MADE)
    output("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", MADE, cwd=BUILD)
    if FULL and os.environ.get("ROWMQ_ISOLATED"):
        bare_debian()


def bare_debian():
    """A Debian of its minimum, with what apt says the packages depend on, from where this machine has its packages."""
    global BELOW
    folder = tempfile.mkdtemp(prefix="rowmq-debian-")
    os.chmod(folder, 0o755)  # a root every user may enter
    unittest.addModuleCleanup(shutil.rmtree, folder)
    mirror = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm").split()[0]
    output("debootstrap", "--variant=minbase", "bookworm", folder, mirror)
    for name in ("etc/apt", "etc/resolv.conf", "etc/hosts", "etc/ssl", "usr/share/keyrings"):
        output("cp", "-aLT", f"/{name}", f"{folder}/{name}") if pathlib.Path("/", name).exists() else None
    for name in ("rowmq", "librowmq-dev"):
        shutil.copy(package(name), f"{folder}/{name}.deb")
    apt = ["chroot", folder, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "--no-install-recommends"]
    output(*apt, "update")
    output(*apt, "install", "/rowmq.deb")  # it alone first: what librowmq-dev brings must not be what makes it run
    output("chroot", folder, "rowmq", "version")
    output(*apt, "install", "/librowmq-dev.deb", "g++", "pkgconf", "systemd", "systemd-sysv", "dbus")
    output(*apt, "purge", "rowmq", "librowmq-dev")
    BELOW = folder


class Contents(unittest.TestCase):
    def test_of_rowmq_are_the_program_its_manual_its_service_and_its_settings(self):
        self.assertEqual(set(files("rowmq")), {
            "/usr/bin/rowmq", UNIT, "/etc/rowmq/rowmq.toml", "/usr/share/man/man1/rowmq.1.gz", "/usr/share/man/man5/rowmq.toml.5.gz",
            "/usr/share/bash-completion/completions/rowmq", "/usr/share/fish/vendor_completions.d/rowmq.fish",
            "/usr/share/zsh/vendor-completions/_rowmq",
            "/usr/share/doc/rowmq/copyright", "/usr/share/doc/rowmq/changelog.Debian.gz"})
        self.assertEqual(output("dpkg-deb", "--info", package("rowmq"), "conffiles").split(), ["/etc/rowmq/rowmq.toml"])

    def test_complete_the_program_in_every_shell(self):
        folder = MADE / "shells"
        output("dpkg-deb", "--extract", package("rowmq"), folder)
        zsh, fish = folder / "usr/share/zsh/vendor-completions/_rowmq", folder / "usr/share/fish/vendor_completions.d/rowmq.fish"
        self.assertTrue(zsh.read_text().startswith("#compdef rowmq\n"))  # by which zsh knows what it is for
        for shell in (zsh, fish):
            for command in ("queues", "forward"):
                self.assertIn(command, shell.read_text(), shell)

    def test_of_librowmq_dev_are_the_headers_the_archive_and_how_to_find_them(self):
        names = set(files("librowmq-dev"))
        self.assertLessEqual({f"/usr/include/rowmq/{header.name}" for header in (SOURCE / "include/rowmq").glob("*.hpp")}, names)
        self.assertLessEqual({"/usr/lib/librowmq.a", "/usr/lib/pkgconfig/rowmq.pc", "/usr/lib/cmake/rowmq/rowmqConfig.cmake"}, names)

    def test_belong_to_root_and_are_writable_by_it_alone(self):
        for name in ("rowmq", "librowmq-dev"):
            for path, (mode, owner) in files(name).items():
                self.assertEqual((owner, mode[5], mode[8]), ("root/root", "-", "-"), path)

    def test_name_what_they_need(self):
        self.assertEqual(fields("rowmq")["Version"], f"{VERSION}-1")
        needed = fields("rowmq")["Depends"]
        for library in ("adduser", "libsqlite3-0", "libssl3", "libargon2-1", "libpcre2-8-0", "librabbitmq4", "libfmt9", "libspdlog1.10", "libboost-json1.81.0", "libstdc++6", "libc6"):
            self.assertIn(library, needed)
        self.assertIn("libsqlite3-dev", fields("librowmq-dev")["Depends"])

    def test_pass_what_debian_checks(self):
        if FULL:  # lintian takes as long as all the others
            root = ["--allow-root"] if os.geteuid() == 0 else []
            output("lintian", *root, "--fail-on", "error", package("rowmq"), package("librowmq-dev"))
        for name in ("rowmq", "librowmq-dev"):
            synopsis = fields(name)["Description"]
            self.assertTrue(synopsis[0].islower() and len(synopsis) < 80, synopsis)

    def test_set_only_what_the_program_takes(self):
        """The settings as they are, and with every comment taken away that hides a default."""
        folder = MADE / "settings"
        output("dpkg-deb", "--extract", package("rowmq"), folder)
        text = (folder / "etc/rowmq/rowmq.toml").read_text()
        for settings in (text, re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)):
            (folder / "all.toml").write_text(settings)
            done = subprocess.run([folder / "usr/bin/rowmq", "queues", "--config", folder / "all.toml", "--store", f"sqlite:{folder}/none.db"],
                                  text=True, capture_output=True)
            self.assertEqual(done.returncode, 2, done.stderr)  # 2: no such store; 1 would be the settings


class Installed(unittest.TestCase):
    """Each test has a machine of its own."""

    def setUp(self):
        self.machine = self.enterContext(machine.Machine(BELOW))
        self.install()

    def install(self, name="rowmq"):
        shutil.copy(package(name), self.machine.root / "tmp")
        return self.machine.run("dpkg", "--no-triggers", "--install", f"/tmp/{package(name).name}")

    def unit(self, name):
        return re.findall(rf"^{name}=(.*)$", (self.machine.root / UNIT[1:]).read_text(), re.MULTILINE)

    def serve(self):
        """The service as its unit starts it, but on free ports; (process, supervisor, {listener: address})."""
        supervisor = machine.Supervisor(self.machine)
        self.addCleanup(supervisor.close)
        words = shlex.split(self.unit("ExecStart")[0]) + ["--listen", "sqs=0", "--listen", "amqp=0", "--listen", "admin=0"]
        process = self.machine.start(words, self.unit("User")[0], supervisor.environment)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(supervisor.hears(), "READY=1")
        addresses = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            if found := re.match(r"(\w+) +(http://\S+)", line):
                addresses[found[1]] = found[2]
        return process, supervisor, addresses

    def stop(self, process, supervisor):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(supervisor.hears(), "STOPPING=1")
        self.assertEqual(process.wait(20), 0)

    def rowmq(self, *words):
        return self.machine.run("rowmq", *words, "--config", "/etc/rowmq/rowmq.toml", user="rowmq")

    def test_makes_a_system_user_and_a_folder_for_it_alone(self):
        self.assertRegex(self.machine.run("getent", "passwd", "rowmq"), r"^rowmq:x:\d{3}:\d{3}:.*:/var/lib/rowmq:/usr/sbin/nologin")
        self.assertEqual(self.machine.run("stat", "-c", "%U:%G %a", "/var/lib/rowmq").strip(), "rowmq:rowmq 750")

    def test_starts_nothing_where_no_systemd_runs(self):
        self.assertEqual(self.machine.run("find", "/var/lib/rowmq", "-mindepth", "1"), "")
        self.assertTrue((self.machine.root / "etc/systemd/system/multi-user.target.wants/rowmq.service").is_symlink())

    def test_serves_as_its_unit_says(self):
        process, supervisor, addresses = self.serve()
        self.rowmq("send", "--create", "orders", "two teapots")
        with urllib.request.urlopen(f"{addresses['sqs']}/000000000000/orders?Action=ReceiveMessage&WaitTimeSeconds=5", timeout=20) as answer:
            self.assertIn("two teapots", answer.read().decode())
        self.rowmq("send", "orders", "one kettle")
        self.stop(process, supervisor)

        process, supervisor, _ = self.serve()
        self.assertIn("one kettle", self.rowmq("peek", "orders"))
        self.stop(process, supervisor)

    def test_goes_on_serving_when_it_is_reloaded(self):
        self.assertEqual(self.unit("ExecReload"), ["/bin/sh -c 'kill -HUP $MAINPID'"])
        process, supervisor, addresses = self.serve()
        with open(self.machine.root / "etc/rowmq/rowmq.toml", "r+") as settings:
            text = settings.read()
            settings.seek(0)
            settings.write(text.replace('#log_level = "info"', 'log_level = "debug"'))
        process.send_signal(signal.SIGHUP)
        while "the log level is debug" not in (line := process.stdout.readline()):
            self.assertTrue(line)
        with urllib.request.urlopen(f"{addresses['admin']}/healthz", timeout=20) as answer:
            self.assertEqual(answer.status, 200)
        self.stop(process, supervisor)

    def test_has_a_unit_that_systemd_understands_and_finds_tight(self):
        self.assertEqual((self.unit("Restart"), self.unit("RestartPreventExitStatus")), (["on-failure"], ["1"]))
        if not (self.machine.root / "usr/bin/systemd-analyze").exists():
            self.assertFalse(FULL, "the full run has systemd")
            return
        said = self.machine.run("systemd-analyze", "verify", "--man=no", UNIT)
        self.assertEqual([line for line in said.splitlines() if "rowmq" in line], [])
        # 0 is a program that can do nothing, 100 one that can do anything.
        self.machine.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", UNIT)

    def test_keeps_settings_and_messages_when_it_is_installed_again(self):
        self.rowmq("send", "--create", "orders", "two teapots")
        settings = self.machine.root / "etc/rowmq/rowmq.toml"
        settings.write_text(settings.read_text() + "# mine\n")
        self.install()
        self.assertIn("# mine", settings.read_text())
        self.assertIn("two teapots", self.rowmq("peek", "orders"))

    def test_keeps_settings_and_messages_when_it_is_removed(self):
        self.rowmq("send", "--create", "orders", "two teapots")
        self.machine.run("dpkg", "--no-triggers", "--remove", "rowmq")
        self.assertFalse((self.machine.root / "usr/bin/rowmq").exists())
        self.assertTrue((self.machine.root / "etc/rowmq/rowmq.toml").exists())
        self.install()
        self.assertIn("two teapots", self.rowmq("peek", "orders"))

    def test_leaves_nothing_but_its_user_when_it_is_purged(self):
        self.install("librowmq-dev") if FULL else None
        self.rowmq("send", "--create", "orders", "two teapots")
        self.assertIn("/var/lib/rowmq/rowmq.db", self.machine.changes())
        self.machine.run("dpkg", "--no-triggers", "--purge", "rowmq", *(["librowmq-dev"] if FULL else []))
        self.assertEqual(self.machine.changes(), set())

    def test_builds_programs_of_others(self):
        self.machine.run("dpkg", "--no-triggers", "--install", *self.copied("librowmq-dev"))
        shutil.copy(SOURCE / "test/packages/consumer/blocking.cpp", self.machine.root / "tmp")
        flags = self.machine.run("pkg-config", "--static", "--cflags", "--libs", "rowmq").split()
        self.machine.run("g++", "-std=c++20", "/tmp/blocking.cpp", *flags, "-o", "/tmp/blocking")
        self.assertEqual(self.machine.run("/tmp/blocking", "memory:"), "two teapots\n")

    def copied(self, *names):
        for name in names:
            shutil.copy(package(name), self.machine.root / "tmp")
        return [f"/tmp/{package(name).name}" for name in names]


class Unpacked(unittest.TestCase):
    """What can be seen without a machine to throw away."""

    def test_sends_and_receives(self):
        folder = MADE / "unpacked"
        output("dpkg-deb", "--extract", package("rowmq"), folder)
        store = f"sqlite:{folder}/rowmq.db"
        output(folder / "usr/bin/rowmq", "send", "--create", "orders", "two teapots", "--store", store)
        self.assertIn("two teapots", output(folder / "usr/bin/rowmq", "receive", "orders", "--store", store))


def load_tests(loader, _tests, _pattern):
    installs = Installed if os.environ.get("ROWMQ_ISOLATED") else Unpacked
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Contents, installs))


if __name__ == "__main__":
    BUILD, VERSION = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    if not machine.isolate():
        print("no mounts here: the packages are unpacked, not installed", file=sys.stderr)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
