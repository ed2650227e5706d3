"""What the server logs, as a program reads it."""
import json
import re

import pytest

from server import Server


def log_of(program, folder, arguments):
    running = Server(program, folder, store="memory:", arguments=arguments).start()
    assert running.stop() == 0
    return running.output[running.output.index("ready") + 1:]


def test_json_logs_are_one_object_a_line(program, tmp_path):
    events = [json.loads(line) for line in log_of(program, tmp_path, ["--log-format", "json"])]
    assert [(event["level"], event["message"]) for event in events] == [("info", "stopping"), ("info", "stopped")]
    assert events[0]["signal"] == "SIGTERM"
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])


@pytest.mark.parametrize("arguments", [[], ["--log-format", "text"]])
def test_text_is_the_default(program, tmp_path, arguments):
    first, last = log_of(program, tmp_path, arguments)
    assert first.endswith(" info stopping signal=SIGTERM") and last.endswith(" info stopped")


def test_other_formats_are_refused(program, tmp_path):
    running = Server(program, tmp_path, store="memory:", arguments=["--log-format", "xml"])
    running.begin()
    assert running.process.wait(20) == 1
    running.kill()
    assert "neither text nor json" in running.log()
