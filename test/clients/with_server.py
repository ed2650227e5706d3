#!/usr/bin/env python3
"""Runs a command of another language's tests against one `rowmq serve` of its own, and ends with the command's code.

Usage: with_server.py PROGRAM COMMAND [ARGUMENT..]
The command finds ROWMQ_SQS_URL and ROWMQ_AMQP_URL (where the server listens), ROWMQ_PID, ROWMQ_PROGRAM (for servers of its own),
and settings that keep an AWS SDK on this machine.
"""
import os
import subprocess
import sys
import tempfile

from server import Server

# An SDK takes keys and region from here, and asks no metadata service, no file of the machine and no proxy.
SETTINGS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
FORGOTTEN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL")


def main():
    program, command = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="rowmq-clients-") as folder:
        server = Server(program, folder).start()
        environment = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
        environment.update(SETTINGS, ROWMQ_SQS_URL=server.url,
                           ROWMQ_AMQP_URL=f"amqp://guest:guest@{server.address('amqp')}", ROWMQ_PID=str(server.process.pid),
                           ROWMQ_PROGRAM=server.program)
        try:
            code = subprocess.run(command, env=environment, check=False).returncode
            alive = server.process.poll() is None
        finally:
            ended = server.stop()
        if not alive or ended != 0:
            print(f"rowmq serve {'did not end with code 0' if alive else 'had ended'} ({ended}):\n{server.log()}", file=sys.stderr)
            return 1
        return code


if __name__ == "__main__":
    sys.exit(main())
