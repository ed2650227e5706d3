"""Writes doc/protocols/sqs-differences.md: every request the servers did not answer alike, and who is right."""
import re

from verdicts import ROWMQ_IS_WRONG, VERDICTS

HEAD = """# SQS: where RowMQ and the emulators differ

`test/clients/differential/run build/release/rowmq --page doc/protocols/sqs-differences.md` sends {count} scripted requests (every action,
in both encodings) to RowMQ and to emulators of SQS that package registries carry ({names}), and writes this page: {unlike} of the
requests are not answered alike by all. Both encodings share a row where they are answered alike. Compared are the HTTP status, the error
code and the answer without what must differ (ids, times, hosts, texts). `200 …` is an answer with another content than RowMQ's.

"By AWS" says who answers as Amazon's documentation and API model say. Where those are silent, the tests of LocalStack help, which
record answers of Amazon: what they record is marked *recorded*. `RowMQ` means that RowMQ is right.

"""


def verdict(label):
    for pattern, said in VERDICTS:
        if re.search(pattern, label):
            return said
    return None


def brief(answer, rowmq):
    code = answer.code.rsplit(".", 1)[-1]
    if answer.status == 500 or code == "(no XML)":
        return f"{answer.status} (fails)"
    if code:
        return f"{answer.status} {code}"
    return "200" if answer is rowmq or answer.outcome == rowmq.outcome else "200 …" if not rowmq.code else "200"


def write(path, count, unlike, names, found):
    """Writes the page. Code 1 when a difference has no verdict."""
    unknown, sections = [], {}
    for label, encoding, answers in found:
        scenario, what = label.split(": ", 1)
        said = verdict(label)
        if said is None:
            unknown.append(f"{label} ({encoding})")
        rowmq = answers[names[0]]
        cells = [f"{what} ({encoding})" if encoding != "JSON, Query" else what, *(brief(answers[name], rowmq) for name in names), said or "?"]
        sections.setdefault(scenario, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    text = HEAD.format(count=count, names=", ".join(names[1:]), unlike=unlike)
    text += "## Where RowMQ is not as AWS\n\n" + "".join(f"* {line}\n" for line in ROWMQ_IS_WRONG)
    for scenario, rows in sections.items():
        heads = ["request", "RowMQ", *names[1:], "by AWS"]
        text += f"\n## {scenario.replace('_', ' ').capitalize()}\n\n| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|\n"
        text += "\n".join(rows) + "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    for label in unknown:
        print(f"no verdict in verdicts.py: {label}")
    return 1 if unknown else 0
