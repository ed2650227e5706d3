"""What clients of a server under kills did and saw, in one append-only file, and what must be true of it.

A line is one operation: [seq, invoked_ns, returned_ns, client, op, outcome, detail]
  outcome  ok    the server said so
           fail  the server definitely did not do it (it refused)
           info  unknown: the connection broke, or the server failed
  op       send     detail {queue, group or null, ids}
           receive  detail {queue, visibility_ms, got: [[id, intact], ..]} (only ok ones are logged)
           delete   detail {queue, ids}
           release  detail {queue, ids}     visibility 0
           kill     the program was killed in this interval
           counted  detail {queue, count}   what the queue said it holds, while nobody was at work
           drained  detail {queue, count}   the same after everything was consumed

The invariants, by the letters the project uses for them:
  lost         (I1) a confirmed message nobody ever asked to delete, although the queues were drained
  phantom      (I2) received and never sent, or refused, or altered
  resurrected  (I3) a receive invoked after the message's deletion was confirmed gave it out
  shared       (I4) given out twice while one lease was alive (a kill ends all leases)
  disordered   (I5) a message of a group given out before or beside an earlier one that is not settled
  miscounted   (I10) the queue's count is not between the least and the most that may be there
"""
import collections
import json
import threading
import time


class Ledger:
    """Appends; every line is handed to the kernel before the caller goes on."""

    def __init__(self, path):
        self._file = open(path, "w", buffering=1)
        self._lock = threading.Lock()
        self._seq = 0

    def add(self, invoked, client, op, outcome, returned=None, **detail):
        returned = time.monotonic_ns() if returned is None else returned
        with self._lock:
            self._seq += 1
            self._file.write(json.dumps([self._seq, invoked, returned, client, op, outcome, detail]) + "\n")

    def close(self):
        self._file.close()


def read(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


class Message:
    __slots__ = ("queue", "group", "place", "confirmed_at", "refused", "sent_at", "deletes", "deleted_at", "releases",
                 "grants")

    def __init__(self, queue, group, place, sent_at):
        self.queue, self.group, self.place, self.sent_at = queue, group, place, sent_at
        self.confirmed_at = None  # when a send of it first returned ok
        self.refused = False
        self.deletes = []       # when a deletion was invoked
        self.deleted_at = None  # when the first one was confirmed
        self.releases = []      # when giving it back was invoked
        self.grants = []        # (invoked, returned, visibility_ns)


    @property
    def confirmed(self):
        return self.confirmed_at is not None


class Verdict:
    """Sentences a violation, by kind; counts of what happened."""

    KINDS = ("lost", "phantom", "resurrected", "shared", "disordered", "miscounted")

    def __init__(self):
        self.violations = {kind: [] for kind in self.KINDS}
        self.counts = collections.Counter()

    def add(self, kind, sentence):
        self.violations[kind].append(sentence)

    @property
    def holds(self):
        return not any(self.violations.values())

    def __str__(self):
        numbers = ", ".join(f"{name} {self.counts[name]}" for name in
                            ("kills", "attempted", "confirmed", "unknown", "received", "deleted", "duplicates"))
        lines = [numbers, ", ".join(f"{kind} {len(found)}" for kind, found in self.violations.items())]
        for kind, found in self.violations.items():
            lines += [f"  {kind}: {sentence}" for sentence in found[:5]]
        return "\n".join(lines)


def check(operations):
    """The verdict over a whole ledger that ends drained."""
    verdict, messages = Verdict(), {}
    kills = sorted((op[1], op[2]) for op in operations if op[4] == "kill")
    verdict.counts["kills"] = len(kills)
    _learn(operations, messages, verdict)
    _judge_each(messages, kills, verdict)
    _judge_groups(operations, messages, verdict)
    _judge_counts(operations, messages, verdict)
    return verdict


def _learn(operations, messages, verdict):
    """Fills messages from sends and deletions, then attaches grants to them."""
    for _, invoked, returned, _, op, outcome, detail in operations:
        if op == "send":
            for place, name in enumerate(detail["ids"]):
                message = messages.get(name)
                if message is None:
                    message = messages[name] = Message(detail["queue"], detail["group"], (invoked, place), invoked)
                if outcome == "ok" and message.confirmed_at is None:
                    message.confirmed_at = returned
                message.refused = outcome == "fail" and not message.confirmed
    for _, invoked, returned, _, op, outcome, detail in operations:
        if op == "delete" and outcome != "fail":
            for name in detail["ids"]:
                if name in messages:
                    messages[name].deletes.append(invoked)
                    if outcome == "ok" and (messages[name].deleted_at is None or returned < messages[name].deleted_at):
                        messages[name].deleted_at = returned
        elif op == "release" and outcome != "fail":
            for name in detail["ids"]:
                if name in messages:
                    messages[name].releases.append(invoked)
        elif op == "receive":
            for name, intact in detail["got"]:
                verdict.counts["received"] += 1
                message = messages.get(name)
                if message is None or not intact or message.queue != detail["queue"]:
                    verdict.add("phantom", f"{name} came from {detail['queue']}, " +
                                ("altered" if message and not intact else "where it was never sent"))
                if message is not None:
                    message.grants.append((invoked, returned, detail["visibility_ms"] * 1_000_000))
    verdict.counts["attempted"] = len(messages)
    verdict.counts["confirmed"] = sum(message.confirmed for message in messages.values())
    verdict.counts["unknown"] = sum(not message.confirmed and not message.refused for message in messages.values())
    verdict.counts["deleted"] = sum(message.deleted_at is not None for message in messages.values())


def _judge_each(messages, kills, verdict):
    for name, message in messages.items():
        verdict.counts["duplicates"] += max(0, len(message.grants) - 1)
        if message.confirmed and not message.deletes:
            verdict.add("lost", f"{name} was confirmed and " +
                        ("never came" if not message.grants else "came, was never deleted and is gone"))
        if message.refused and message.grants:
            verdict.add("phantom", f"{name} was refused and came")
        if message.deleted_at is not None:
            for invoked, _, _ in message.grants:
                if invoked > message.deleted_at:
                    verdict.add("resurrected", f"{name} came {(invoked - message.deleted_at) / 1e6:.0f} ms after its deletion")
        _judge_leases(name, message, kills, verdict)


def _judge_leases(name, message, kills, verdict):
    """A later grant returns no earlier than the earlier lease can have ended."""
    grants = sorted(message.grants, key=lambda grant: grant[1])
    for earlier, later in zip(grants, grants[1:]):
        ends = earlier[0] + earlier[2] - 1_000_000
        given_back = [moment for moment in message.deletes + message.releases if moment >= earlier[0]]
        ends = min([ends, *given_back])
        if later[1] < ends and not any(began <= later[1] and earlier[0] <= ended for began, ended in kills):
            verdict.add("shared", f"{name} was given out again {(ends - later[1]) / 1e6:.0f} ms before its lease could end")


def _judge_groups(operations, messages, verdict):
    """Walks the groups' events in time: a receive gives the unsettled messages of a group from the first on."""
    members = collections.defaultdict(list)
    for name, message in messages.items():
        if message.group is not None and (message.confirmed or message.grants):
            members[message.group].append((message.place, name))
    order = {group: [name for _, name in sorted(found)] for group, found in members.items()}
    places = {name: place for found in order.values() for place, name in enumerate(found)}
    heads = dict.fromkeys(order, 0)
    asked_to_delete = set()
    events = []
    for op in operations:
        if op[4] == "delete" and op[5] != "fail":
            events.append((op[1], 0, op))
        elif op[4] == "receive" and op[6]["got"]:
            events.append((op[2], 1, op))
    for _, kind, (_, _, returned, client, _, _, detail) in sorted(events, key=lambda event: event[:2]):
        if kind == 0:
            asked_to_delete.update(detail["ids"])
            continue
        by_group = collections.defaultdict(list)
        for name, _ in detail["got"]:
            if name in places:
                by_group[messages[name].group].append(places[name])
        for group, got in by_group.items():
            names = order[group]
            while heads[group] < len(names) and names[heads[group]] in asked_to_delete:
                heads[group] += 1
            before = [place for place in range(heads[group], max(got)) if names[place] not in asked_to_delete
                      and messages[names[place]].sent_at < returned]
            missing = [names[place] for place in before if place not in got]
            if got != sorted(got):
                verdict.add("disordered", f"one receive of {client} gave {[names[place] for place in got]}")
            elif missing:
                verdict.add("disordered", f"{names[max(got)]} came while {missing[0]} of its group was not settled")


def _judge_counts(operations, messages, verdict):
    for _, invoked, returned, _, op, _, detail in operations:
        if op not in ("counted", "drained"):
            continue
        least = most = 0
        for message in messages.values():
            if message.queue != detail["queue"] or message.sent_at > returned or message.refused:
                continue
            sure = message.confirmed and message.confirmed_at <= invoked and not any(moment < returned for moment in message.deletes)
            possible = message.deleted_at is None or message.deleted_at > invoked
            least += sure
            most += possible
        if op == "drained":
            least = most = 0
        if not least <= detail["count"] <= most:
            verdict.add("miscounted", f"{detail['queue']} said it holds {detail['count']}, it must be {least} to {most}")
