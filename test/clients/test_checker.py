"""The checker has teeth: a history that is right passes, and each planted wrong is found, by its name."""
import pytest

import ledger

SECOND = 1_000_000_000


class History:
    """Writes operations one second apart, each taking 10 ms."""

    def __init__(self):
        self.operations, self.now = [], 0

    def add(self, op, outcome="ok", at=None, **detail):
        self.now += SECOND
        invoked = self.now if at is None else at
        self.operations.append([len(self.operations) + 1, invoked, invoked + 10_000_000, "c", op, outcome, detail])
        return self

    def send(self, *ids, outcome="ok", group=None, queue="q"):
        return self.add("send", outcome, queue=queue, group=group, ids=list(ids))

    def receive(self, *ids, queue="q", intact=True, visibility_ms=500):
        return self.add("receive", queue=queue, visibility_ms=visibility_ms, got=[[name, intact] for name in ids])

    def delete(self, *ids, outcome="ok", queue="q"):
        return self.add("delete", outcome, queue=queue, ids=list(ids))

    def kinds(self):
        verdict = ledger.check(self.operations)
        return [kind for kind in verdict.KINDS if verdict.violations[kind]]


def right():
    """Two messages of one group, a kill in the middle, an unknown send that was not stored and one that was."""
    history = History().send("a", group="g").send("b", group="g").send("u", outcome="info").send("v", outcome="info")
    history.send("r", outcome="fail").receive("a", "b").add("kill")
    history.add("counted", queue="q", count=3)
    history.receive("a", "b", "v").delete("a", "v").delete("b", outcome="info").add("kill")
    return history.add("drained", queue="q", count=0)


def test_a_right_history_passes():
    verdict = ledger.check(right().operations)
    assert verdict.holds, str(verdict)
    assert (verdict.counts["kills"], verdict.counts["confirmed"], verdict.counts["duplicates"]) == (2, 2, 2)


@pytest.mark.parametrize("plant, expected", [
    (lambda h: h.send("c"), "lost"),
    (lambda h: h.send("c").receive("c"), "lost"),
    (lambda h: h.receive("never-sent"), "phantom"),
    (lambda h: h.receive("r"), "phantom"),
    (lambda h: h.send("c").receive("c", intact=False).delete("c"), "phantom"),
    (lambda h: h.send("c").receive("c", queue="other").delete("c"), "phantom"),
    (lambda h: h.receive("a"), "resurrected"),
    (lambda h: h.add("kill").receive("v"), "resurrected"),
    (lambda h: h.send("c").receive("c", visibility_ms=60_000).receive("c").delete("c"), "shared"),
    (lambda h: h.send("c", "d", group="k").receive("d").delete("d").receive("c").delete("c"), "disordered"),
    (lambda h: h.send("c", "d", group="k").receive("d", "c").delete("c", "d"), "disordered"),
    (lambda h: h.send("c", "d", group="k").receive("c").receive("d").delete("d", "c"), "disordered"),
    (lambda h: h.send("c").add("counted", queue="q", count=0).receive("c").delete("c"), "miscounted"),
    (lambda h: h.add("counted", queue="q", count=5), "miscounted"),
    (lambda h: h.add("drained", queue="q", count=1), "miscounted"),
], ids=["lost", "lost after a receive", "never sent", "refused", "altered", "other queue", "resurrected",
        "resurrected by a kill", "two holders", "overtaken", "turned around", "beside an unsettled one", "count too small",
        "count too large", "not empty after draining"])
def test_a_planted_wrong_is_found(plant, expected):
    history = right()
    plant(history)
    assert history.kinds() == [expected]


def test_a_lease_may_end_by_a_kill():
    history = right().send("c").receive("c", visibility_ms=60_000).add("kill").receive("c").delete("c")
    assert history.kinds() == []


def test_a_lease_may_end_by_a_kill_that_was_called_for_before_it_began():
    history = right().send("c").receive("c", visibility_ms=60_000)
    called_for = history.operations[-1][1] - 1
    history.operations.append([0, called_for, history.now + 20_000_000, "main", "kill", "ok", {}])
    history.receive("c").delete("c")
    assert history.kinds() == []


def test_a_message_confirmed_only_later_need_not_be_counted():
    history = right().send("c", outcome="info", group="k").add("kill").add("counted", queue="q", count=0)
    history.send("c", group="k").add("counted", queue="q", count=1).receive("c").delete("c")
    assert history.kinds() == []


def test_a_lease_may_be_given_back():
    history = right().send("c").receive("c", visibility_ms=60_000).add("release", queue="q", ids=["c"]).receive("c").delete("c")
    assert history.kinds() == []


def test_a_grant_invoked_before_the_deletion_returned_is_no_resurrection():
    history = right().send("c").receive("c")
    waiting_since = history.now + SECOND // 2
    history.delete("c")
    history.operations.append([0, waiting_since, history.now + SECOND, "c", "receive", "ok",
                               {"queue": "q", "visibility_ms": 500, "got": [["c", True]]}])
    assert history.kinds() == []
