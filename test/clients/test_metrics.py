"""/metrics, as Prometheus' own parser reads it."""
import pathlib
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin_http import ask, call
from server import Server


def scrape(server):
    """{family: Metric}; the parser takes _total off the names of counters."""
    status, headers, text = ask(server, "GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a family is there once"
    return {family.name: family for family in families}


def value(families, name, **labels):
    family = families[re.sub("_(total|count|sum|bucket)$", "", name)]
    found = [sample.value for sample in family.samples if sample.name == name and sample.labels == labels]
    assert len(found) == 1, f"{name}{labels}: {found} of {family.samples}"
    return found[0]


def of_queue(families, name, queue):
    return value(families, name, namespace="/", queue=queue)


def test_every_family_has_a_type_a_help_and_a_fitting_name(server, name):
    call(server, "PUT", f"/rowmq/v1/queues/{name}")
    for name, family in scrape(server).items():
        assert name.startswith(("rowmq_", "process_", "rabbitmq_"))
        assert family.type in ("counter", "gauge", "histogram") and len(family.documentation) > 5, family
        if family.type == "counter":
            assert {sample.name for sample in family.samples} == {name + "_total"}
        if family.type != "histogram":
            continue
        buckets = [sample for sample in family.samples if sample.name.endswith("_bucket")]
        counts = [bucket.value for bucket in buckets]
        assert counts == sorted(counts) and buckets[-1].labels["le"] == "+Inf" and counts[-1] == value({name: family}, name + "_count")


def test_a_queue_is_counted(own_server):
    call(own_server, "PUT", "/rowmq/v1/queues/orders")
    for body in ("a", "bc", "def"):
        call(own_server, "POST", "/rowmq/v1/queues/orders/messages", {"body": body})
    received, = call(own_server, "POST", "/rowmq/v1/queues/orders/messages/receive", {"max": 1})["messages"]

    held = scrape(own_server)
    call(own_server, "POST", "/rowmq/v1/queues/orders/messages/settle", {"settlements": [{"lease": received["lease"]}]})
    done = scrape(own_server)

    assert [of_queue(held, f"rowmq_queue_messages_{state}", "orders") for state in ("ready", "leased", "delayed")] == [2, 1, 0]
    assert of_queue(held, "rowmq_queue_bytes", "orders") == 6
    assert of_queue(held, "rowmq_queue_oldest_message_age_seconds", "orders") < 20
    assert of_queue(done, "rowmq_queue_done_total", "orders") == 1
    assert value(done, "rowmq_message_receives_bucket", le="1") == 1
    for name in ("sent", "done", "dead_lettered", "expired", "purged", "overflowed", "redriven", "delivered", "redelivered"):
        assert of_queue(done, f"rowmq_queue_{name}_total", "orders") >= 0


def test_names_of_queues_come_through_as_they_are(own_server):
    name = 'a "quoted" \\ name\nof two lines, \u00e4\u03b1'
    from urllib.parse import quote
    call(own_server, "PUT", f"/rowmq/v1/queues/{quote(name, safe='')}")
    assert of_queue(scrape(own_server), "rowmq_queue_messages_ready", name) == 0


def test_the_store_the_process_and_the_listeners_are_measured(own_server):
    call(own_server, "PUT", "/rowmq/v1/queues/orders")
    assert ask(own_server, "GET", "/rowmq/v1/nothing")[0] == 404

    families = scrape(own_server)

    assert value(families, "rowmq_serving") == 1
    assert value(families, "rowmq_store_sync_duration_seconds_count") == value(families, "rowmq_store_transactions_total") > 0
    assert value(families, "rowmq_store_size_bytes") == 8192 * value(families, "rowmq_store_pages") > 0
    assert 0 < value(families, "rowmq_disk_free_bytes") <= value(families, "rowmq_disk_size_bytes")
    assert value(families, "rowmq_http_requests_total", listener="admin", code="2xx") == 1
    assert value(families, "rowmq_http_requests_total", listener="admin", code="4xx") == 1
    assert value(families, "rowmq_http_connections", listener="sqs") == 0
    assert value(families, "process_resident_memory_bytes") > 1e6
    assert value(families, "process_open_fds") > 3


@pytest.fixture
def crowded_server(program, tmp_path):
    """Three queues may have series of their own."""
    (tmp_path / "rowmq.toml").write_text("[limits]\nmetrics_queues = 3\n")
    running = Server(program, tmp_path, store="memory:", arguments=["--config", str(tmp_path / "rowmq.toml")]).start()
    yield running
    running.kill()


def test_the_largest_queues_have_series_and_the_others_are_summed(crowded_server):
    for number in range(10):
        call(crowded_server, "PUT", f"/rowmq/v1/queues/q{number}")
        messages = [{"body": "x"}] * (number + 1)
        call(crowded_server, "POST", f"/rowmq/v1/queues/q{number}/messages", {"messages": messages})

    families = scrape(crowded_server)

    named = {sample.labels["queue"]: sample.value for sample in families["rowmq_queue_messages_ready"].samples}
    assert named == {"q9": 10, "q8": 9, "q7": 8, "": 28}
    assert value(families, "rowmq_queues_left_out") == 7


REPOSITORY = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(server):
    """Of all series and families."""
    found = set()
    for name, family in scrape(server).items():
        found |= {name, *(sample.name for sample in family.samples)}
        found |= {name + "_total"} if family.type == "counter" else set()
    return found


def test_alerts_are_about_metrics_that_exist(names):
    rules = (REPOSITORY / "packaging/prometheus/rowmq-alerts.yml").read_text()
    used = set(re.findall(r"\b(?:rowmq|process)_\w+", rules))
    assert len(used) > 5 and used <= names, used - names


def test_every_metric_is_explained(server):
    page = (REPOSITORY / "doc/operating/monitor.md").read_text()
    short = re.findall(r"`(_\w+)`", page)  # `rowmq_queue_messages_ready`, `_leased`
    for name, family in scrape(server).items():
        name += "_total" if family.type == "counter" else ""
        assert f"`{name}`" in page or (name.startswith("rowmq_queue_") and name.endswith(tuple(short))), name
