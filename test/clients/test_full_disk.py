"""A real full disk: a small file system of the test's own, filled by somebody else to the last byte."""
import ctypes
import errno
import itertools
import os
import pathlib
import time

import pytest
from botocore.exceptions import ClientError

from conftest import connect
from server import Server
from test_messages import receive

DISK_BYTES = 64 * 1024 * 1024
KEPT_FREE = 8 * 1024 * 1024
BODY = "b" * 20_000
CYCLES = 3


def mount_tmpfs(folder):
    """A small file system in a mount namespace of this process: nobody else sees it, and it goes with the process."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function, *arguments):
        if function(*arguments) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    clone_newns, clone_newuser, ms_rec, ms_private = 0x20000, 0x10000000, 0x4000, 1 << 18
    try:
        call(libc.unshare, clone_newns)
    except PermissionError:
        user, group = os.getuid(), os.getgid()
        call(libc.unshare, clone_newuser | clone_newns)
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    call(libc.mount, b"none", b"/", None, ms_rec | ms_private, None)
    call(libc.mount, b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={DISK_BYTES}".encode())


def in_own_namespace(work):
    """Runs `work` in a child, because a process cannot leave a namespace again. Its traceback is the failure."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            work()
            code = 0
        except PermissionError as nobody_mounts:  # in some containers
            os.write(write, b"NOT TRIED: this system lets nobody mount a file system: %r" % str(nobody_mounts))
            code = 0
        except BaseException:
            import traceback
            os.write(write, traceback.format_exc()[-60_000:].encode())
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        words = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, words
    print(words)


def fill(folder):
    """Somebody else's file takes what is left, to the last byte. Its path."""
    path = pathlib.Path(folder) / "somebody-elses"
    with open(path, "ab", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            block = b"x" * size
            try:
                while True:
                    file.write(block)
            except OSError as full:
                assert full.errno == errno.ENOSPC
    assert os.statvfs(folder).f_bavail == 0
    return path


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def publish_until_refused(sqs, queue, sent, numbers):
    for _ in range(20_000):
        body = f"{next(numbers)} {BODY}"
        try:
            sqs.send_message(QueueUrl=queue, MessageBody=body)
        except ClientError as error:
            status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
            # What every AWS SDK tries again by itself.
            assert (status, code) == (503, "ServiceUnavailable"), error
            assert "limits.disk_free_bytes" in str(error)
            return
        sent.add(body)
    raise AssertionError("never refused")


def take(sqs, queue, sent, most):
    """Receives and deletes, each of them for sure; how many."""
    taken = 0
    while taken < most:
        messages = receive(sqs, queue, WaitTimeSeconds=0)
        if not messages:
            break
        for message in messages:
            assert message["Body"] in sent
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            sent.remove(message["Body"])
            taken += 1
    return taken


def fill_and_drain(program, folder):
    mount_tmpfs(folder)
    store = pathlib.Path(folder) / "store"
    store.mkdir()
    (store / "rowmq.toml").write_text(f"[limits]\ndisk_free_bytes = {KEPT_FREE}\n")
    server = Server(program, store, arguments=["--config", str(store / "rowmq.toml")]).start()
    sqs = connect(server)
    queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    sent, numbers = set(), itertools.count()
    for cycle in range(CYCLES):
        publish_until_refused(sqs, queue, sent, numbers)
        free = os.statvfs(store)
        assert free.f_bavail * free.f_frsize > KEPT_FREE // 8, "the watermark was crossed by far"

        others = fill(folder)
        assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x")[:2] == (503, "ServiceUnavailable")
        batch = [{"Id": "a", "MessageBody": "x"}]
        assert refused(sqs.send_message_batch, QueueUrl=queue, Entries=batch)[0] == 503
        # At zero bytes free: every receive and every delete is answered.
        most = len(sent) if cycle == 1 else len(sent) // 2
        assert take(sqs, queue, sent, most) >= most

        if cycle == 0:  # a crash there loses nothing, too
            server.kill()
            server.start()
            sqs = connect(server)
            queue = f"{server.url}/000000000000/q"
            assert take(sqs, queue, sent, 10) >= 10

        others.unlink()
        deadline = time.monotonic() + 1
        while True:
            try:
                sqs.send_message(QueueUrl=queue, MessageBody=f"again {cycle}")
                break
            except ClientError:
                assert time.monotonic() < deadline, "still refused a second after there was space"
                time.sleep(0.05)
        sent.add(f"again {cycle}")
    take(sqs, queue, sent, len(sent))
    assert not sent
    assert server.stop() == 0
    return store


def test_publishers_are_refused_and_consumers_go_on_when_the_disk_is_full(program, tmp_path):
    def work():
        import subprocess
        store = fill_and_drain(program, tmp_path)
        checked = subprocess.run([program, "check", "--store", f"sqlite:{store}/messages.db"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout

    in_own_namespace(work)
