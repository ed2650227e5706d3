#!/usr/bin/env python3
"""Asks RowMQ and SQS emulators the same, in both encodings, and tells where their answers differ.

Usage: differential.py rowmq=URL NAME=URL.. [--only SCENARIO] [--json FILE] [--page FILE]
--page writes doc/protocols/sqs-differences.md, with what verdicts.py says of each difference. Code 1: one has no verdict.
"""
import argparse
import collections
import json
import sys

from script import scenarios
from speaker import Answer, Json, Query, comparable


class Asker:
    """What a scenario asks with: queues of its own, and the list of what was answered."""

    def __init__(self, speaker, scenario, number):
        self._speaker, self._scenario, self._number = speaker, scenario, number
        self.encoding, self.url = speaker.name, speaker.url
        self.answers = collections.OrderedDict()

    def __call__(self, label, action, hide=(), **arguments):
        answer = self._speaker.call(action, arguments)
        key = f"{self._scenario}: {label}"
        assert key not in self.answers, f"{key} twice"
        shown = {name: "(some)" if name in hide else value for name, value in answer.body.items()}
        self.answers[key] = Answer(answer.status, answer.code, answer.text, shown)
        return answer

    def quietly(self, action, **arguments):
        """A step on the way, not compared."""
        return self._speaker.call(action, arguments)

    def name(self, word):
        return f"{word}-{self._scenario[:20].replace('_', '-')}-{self.encoding.lower()}-{self._number}"

    def queue(self, word, **attributes):
        name = self.name(word) + (".fifo" if attributes.get("FifoQueue") == "true" else "")
        body = self.quietly("CreateQueue", QueueName=name, Attributes=attributes).body
        return body.get("QueueUrl") or f"{self.url}/000000000000/{name}"

    def delete(self, queue):
        self.quietly("DeleteQueue", QueueUrl=queue)


def ask_all(url, only, number):
    """{(encoding, label): answer} of one server."""
    found = collections.OrderedDict()
    for speaker in (Json(url), Query(url)):
        for scenario in scenarios:
            if only and scenario.__name__ != only:
                continue
            asker = Asker(speaker, scenario.__name__, number)
            scenario(asker)
            found.update({(speaker.name, label): answer for label, answer in asker.answers.items()})
    return found


def differences(answers):
    """[(encoding, label, {server: answer})] where not all say the same."""
    names = list(answers)
    for key in answers[names[0]]:
        of_key = {name: answers[name][key] for name in names}
        if len({answer.outcome for answer in of_key.values()}) > 1:
            yield (*key, of_key)


def short(answer):
    text = answer.outcome
    return (text if len(text) <= 160 else text[:157] + "...").replace("|", "\\|")


def merged(found):
    """The two encodings of a request in one row where the servers answer alike in both."""
    rows = collections.OrderedDict()
    for encoding, label, answers in found:
        for other, row in rows.get(label, {}).items():
            if all(alike(answers[name], row[name]) for name in answers):
                rows[label][f"{other}, {encoding}"] = rows[label].pop(other)
                break
        else:
            rows.setdefault(label, {})[encoding] = answers
    return [(label, encoding, answers) for label, by in rows.items() for encoding, answers in by.items()]


def alike(one, other):
    plain = [(answer.status, answer.code.rsplit(".", 1)[-1], bool(comparable(answer.body))) for answer in (one, other)]
    return plain[0] == plain[1] or {one.status, other.status} == {500}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("servers", nargs="+")
    parser.add_argument("--only")
    parser.add_argument("--json")
    parser.add_argument("--page")
    parser.add_argument("--number", default="1", help="goes into the names of queues: another one for another run")
    options = parser.parse_args()
    answers = collections.OrderedDict()
    for server in options.servers:
        name, url = server.split("=", 1)
        answers[name] = ask_all(url, options.only, options.number)
    first = next(iter(answers.values()))
    found = list(differences(answers))
    print(f"{len(first)} requests to each of {', '.join(answers)}; {len(found)} are not answered alike by all")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump([{"label": label, "encoding": encoding, "answers": {
                name: {"outcome": answer.outcome, "text": answer.text} for name, answer in of.items()}}
                for label, encoding, of in merged(found)], file, indent=1)
    if options.page:
        from page import write
        return write(options.page, len(first), len(found), list(answers), merged(found))
    for label, encoding, of in merged(found):
        print(f"\n{label} ({encoding})")
        for name, answer in of.items():
            print(f"    {name:10} {short(answer)}  {answer.text[:100]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
