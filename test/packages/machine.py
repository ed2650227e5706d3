"""A throw-away machine: an existing Debian below, what is done to it above, in memory, seen by this process alone.

The process needs a mount namespace of its own (isolate() makes one); everything is gone when it ends.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

# What installing and removing any package leaves: dpkg's records, logs, caches, and the system user, whose files may be
# anywhere and who therefore stays.
KEPT = re.compile(r"/(var/lib/dpkg|var/log|var/cache|run|tmp|proc|dev)(/|$)|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
                  r"|/etc/\.pwd\.lock$|/etc/ld\.so\.cache$|/var/lib/systemd/deb-systemd-helper-enabled$")


def isolate():
    """Runs this program again in namespaces of its own and does not return; False where the system refuses them."""
    if os.environ.get("ROWMQ_ISOLATED"):
        return True
    become = [] if os.geteuid() == 0 else ["sudo", "-n", "--preserve-env"]
    command = [*become, "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    with tempfile.TemporaryDirectory() as folder:
        script = (f"mount -t tmpfs none {folder} && cd {folder} && mkdir up work root && "
                  "mount -t overlay none -o lowerdir=/,upperdir=$PWD/up,workdir=$PWD/work root")
        if not all(os.access(shutil.which(word) or "", os.X_OK) for word in ("unshare", *become[:1])):
            return False
        if subprocess.run([*command, "sh", "-c", script], capture_output=True).returncode != 0:
            return False
    sys.stdout.flush()
    os.environ["ROWMQ_ISOLATED"] = "1"
    words = [*command, sys.executable, *sys.argv]
    os.execvp(words[0], words)


class Machine:
    """Use as a context; `root` is its file system."""

    def __init__(self, below="/"):
        self.below = str(below)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rowmq-machine-"))
        subprocess.run(["mount", "-t", "tmpfs", "none", self.folder], check=True)
        self.upper, self.root = self.folder / "upper", self.folder / "root"
        for folder in (self.upper, self.folder / "work", self.root):
            folder.mkdir()
        subprocess.run(["mount", "-t", "overlay", "none", "-o",
                        f"lowerdir={self.below},upperdir={self.upper},workdir={self.folder / 'work'}", self.root], check=True)
        # An empty /run says that no systemd runs here; /tmp is not the host's.
        for place, options in (("run", ["-t", "tmpfs", "none"]), ("tmp", ["-t", "tmpfs", "none"]), ("proc", ["-t", "proc", "none"]),
                               ("dev", ["--rbind", "/dev"])):
            (self.root / place).mkdir(exist_ok=True)
            subprocess.run(["mount", *options, self.root / place], check=True)
        os.chmod(self.root / "tmp", 0o1777)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--recursive", "--lazy", self.folder], check=True)
        self.folder.rmdir()

    def command(self, words, user=None):
        """The words as they start a program in here."""
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] if user else []
        return ["chroot", str(self.root), *as_user, *map(str, words)]

    def run(self, *words, user=None, fails=False):
        """Both outputs of a program that ends; it must succeed, or fail where that is expected."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(self.command(words, user), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        if (done.returncode != 0) != fails:
            raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def start(self, words, user, environment):
        return subprocess.Popen(self.command(words, user), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment})

    def changes(self):
        """Every path that is new, other or gone, but for what any package leaves."""
        found = set()
        for path in self.upper.rglob("*"):
            name = "/" + str(path.relative_to(self.upper))
            old = pathlib.Path(self.below) / name[1:]
            if not KEPT.match(name) and not (path.is_dir() and not path.is_symlink() and old.is_dir()):
                found.add(name)
        return found


class Supervisor:
    """Hears what a service in `machine` says about itself, as systemd does."""

    def __init__(self, machine):
        path = machine.root / "run/rowmq-notify"
        self.environment = {"NOTIFY_SOCKET": "/run/rowmq-notify"}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path.unlink(missing_ok=True)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.socket.settimeout(20)

    def hears(self):
        return self.socket.recv(4096).decode()

    def close(self):
        self.socket.close()
