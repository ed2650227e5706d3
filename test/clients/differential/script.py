"""What is asked: scenarios on queues of their own. `ask(label, action, ...)` writes down one request with its answer."""
import json
import time

MEBIBYTE = 1024 * 1024
GOOD = {"DataType": "String", "StringValue": "v"}
scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


def arn_of(ask, queue):
    return ask.quietly("GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn"]).body.get("Attributes", {}).get("QueueArn", "")


@scenario
def queue_names(ask):
    for label, name, attributes in (
            ("empty", "", {}), ("81 characters", "n" * 81, {}), ("80 characters", ask.name("n" * 40).ljust(80, "n"), {}),
            ("with a space", "a b", {}), ("with a dot", "a.b", {}), ("with an umlaut", "grün", {}), ("with a slash", "a/b", {}),
            ("standard, ends with .fifo", "standard.fifo", {}), (".fifo alone", ".fifo", {"FifoQueue": "true"}),
            ("FIFO, does not end with .fifo", "plain", {"FifoQueue": "true"}),
            (".fifo with FifoQueue=false", "no.fifo", {"FifoQueue": "false"}),
            ("standard with FifoQueue=false", ask.name("off"), {"FifoQueue": "false"})):
        ask(f"name: {label}", "CreateQueue", QueueName=name, Attributes=attributes)
    ask("name: missing", "CreateQueue")


@scenario
def creating_twice(ask):
    name = ask.name("twice")
    ask("first", "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "7"})
    ask("the same attributes", "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "7"})
    ask("no attributes", "CreateQueue", QueueName=name)
    ask("another value", "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "8"})
    ask("one more attribute with its default", "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "7", "DelaySeconds": "0"})
    ask("one more attribute, not its default", "CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "7", "DelaySeconds": "1"})
    ask("other tags", "CreateQueue", QueueName=name, tags={"a": "b"})


ATTRIBUTE_VALUES = [
    ("DelaySeconds", ("0", "900", "901", "-1", "ten", "", "1.5")), ("MaximumMessageSize", ("1024", "1023", "262144", "1048576", "1048577")),
    ("MessageRetentionPeriod", ("60", "59", "1209600", "1209601")), ("ReceiveMessageWaitTimeSeconds", ("20", "21", "-1")),
    ("VisibilityTimeout", ("0", "43200", "43201", "-1")), ("FifoQueue", ("true", "false")), ("ContentBasedDeduplication", ("true",)),
    ("Colour", ("red",)), ("QueueArn", ("x",)), ("ApproximateNumberOfMessages", ("5",)), ("Policy", ("", "not json")),
    ("RedrivePolicy", ("", "not json", "{}", '{"maxReceiveCount": 3}', '{"deadLetterTargetArn": "nonsense", "maxReceiveCount": 3}',
                       '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:never-made", "maxReceiveCount": 3}',
                       '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:never-made", "maxReceiveCount": 3, "more": 1}')),
    ("RedriveAllowPolicy", ("", '{"redrivePermission": "allowAll"}', '{"redrivePermission": "byQueue"}', '{"redrivePermission": "some"}',
                            '{"redrivePermission": "allowAll", "more": 1}', "not json")),
    ("KmsMasterKeyId", ("alias/aws/sqs",)), ("KmsDataKeyReusePeriodSeconds", ("60", "59", "86401")), ("SqsManagedSseEnabled", ("false", "maybe"))]


@scenario
def attribute_values(ask):
    queue = ask.queue("values")
    for name, values in ATTRIBUTE_VALUES:
        for value in values:
            ask(f"set {name}={value!r}", "SetQueueAttributes", QueueUrl=queue, Attributes={name: value})
    ask("create with DelaySeconds=901", "CreateQueue", QueueName=ask.name("v1"), Attributes={"DelaySeconds": "901"})
    ask("create with Colour=red", "CreateQueue", QueueName=ask.name("v2"), Attributes={"Colour": "red"})
    ask("create with ContentBasedDeduplication, standard", "CreateQueue", QueueName=ask.name("v3"),
        Attributes={"ContentBasedDeduplication": "true"})
    ask("set nothing", "SetQueueAttributes", QueueUrl=queue, Attributes={})


@scenario
def reading_attributes(ask):
    queue, fifo = ask.queue("read"), ask.queue("read", FifoQueue="true")
    for label, names in (("All", ["All"]), ("two", ["DelaySeconds", "VisibilityTimeout"]), ("unknown", ["Colour"]), ("none", []),
                         ("RedrivePolicy, not set", ["RedrivePolicy"]), ("FifoQueue", ["FifoQueue"]), ("All and one", ["All", "DelaySeconds"])):
        ask(f"get {label}", "GetQueueAttributes", QueueUrl=queue, AttributeNames=names)
    ask("get All, FIFO", "GetQueueAttributes", QueueUrl=fifo, AttributeNames=["All"])
    ask("set FifoQueue=false, FIFO", "SetQueueAttributes", QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    ask("set DeduplicationScope=messageGroup, FIFO", "SetQueueAttributes", QueueUrl=fifo, Attributes={"DeduplicationScope": "messageGroup"})
    ask("set FifoThroughputLimit=perMessageGroupId, FIFO", "SetQueueAttributes", QueueUrl=fifo,
        Attributes={"FifoThroughputLimit": "perMessageGroupId"})
    ask("set DeduplicationScope=nonsense, FIFO", "SetQueueAttributes", QueueUrl=fifo, Attributes={"DeduplicationScope": "nonsense"})


@scenario
def queues_that_are_not_there(ask):
    gone = ask.queue("gone")
    ask("delete a queue", "DeleteQueue", QueueUrl=gone)
    for action, more in (("DeleteQueue", {}), ("SendMessage", {"MessageBody": "x"}), ("ReceiveMessage", {}),
                         ("DeleteMessage", {"ReceiptHandle": "x"}), ("ChangeMessageVisibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
                         ("PurgeQueue", {}), ("GetQueueAttributes", {"AttributeNames": ["All"]}),
                         ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}), ("ListQueueTags", {}), ("TagQueue", {"Tags": {"a": "b"}}),
                         ("UntagQueue", {"TagKeys": ["a"]}), ("ListDeadLetterSourceQueues", {}),
                         ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
                         ("DeleteMessageBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
                         ("ChangeMessageVisibilityBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]})):
        ask(f"no such queue: {action}", action, QueueUrl=gone, **more)
    ask("no such queue: GetQueueUrl", "GetQueueUrl", QueueName=ask.name("gone"))
    ask("a URL of nothing", "ReceiveMessage", QueueUrl=ask.url + "/")
    ask("no URL", "ReceiveMessage")
    ask("no URL to send to", "SendMessage", MessageBody="x")


@scenario
def listing(ask):
    prefix = ask.name("list")
    for number in range(3):
        ask.quietly("CreateQueue", QueueName=f"{prefix}-{number}")
    ask("prefix", "ListQueues", QueueNamePrefix=prefix)
    page = ask("first page", "ListQueues", QueueNamePrefix=prefix, MaxResults=2, hide=("NextToken",))
    ask("last page", "ListQueues", QueueNamePrefix=prefix, MaxResults=2, NextToken=page.body.get("NextToken", "none"))
    ask("prefix of nothing", "ListQueues", QueueNamePrefix="no-queue-starts-so")
    for label, count in (("0", 0), ("1000", 1000), ("1001", 1001), ("-1", -1)):
        ask(f"MaxResults={label}", "ListQueues", QueueNamePrefix=prefix, MaxResults=count, hide=("NextToken",))
    ask("NextToken of nothing", "ListQueues", QueueNamePrefix=prefix, MaxResults=2, NextToken="nonsense", hide=("NextToken",))


@scenario
def tags(ask):
    queue = ask.queue("tags")
    ask("list none", "ListQueueTags", QueueUrl=queue)
    ask("tag", "TagQueue", QueueUrl=queue, Tags={"a": "1", "b": "", "ü": "ß 🦊"})
    ask("tag again", "TagQueue", QueueUrl=queue, Tags={"a": "2"})
    ask("list", "ListQueueTags", QueueUrl=queue)
    ask("untag", "UntagQueue", QueueUrl=queue, TagKeys=["b", "never"])
    ask("list after untag", "ListQueueTags", QueueUrl=queue)
    ask("tag with nothing", "TagQueue", QueueUrl=queue, Tags={})
    ask("untag nothing", "UntagQueue", QueueUrl=queue, TagKeys=[])
    ask("key of 129 characters", "TagQueue", QueueUrl=queue, Tags={"k" * 129: "v"})
    ask("value of 257 characters", "TagQueue", QueueUrl=queue, Tags={"k": "v" * 257})
    ask("key that starts with aws:", "TagQueue", QueueUrl=queue, Tags={"aws:k": "v"})
    ask("51 tags", "TagQueue", QueueUrl=queue, Tags={f"k{number}": "v" for number in range(51)})


@scenario
def bodies(ask):
    queue = ask.queue("bodies")
    for label, body in (("one character", "x"), ("empty", ""), ("astral", "a🦊𝄞"), ("tab, line feed, return", "a\t\n\rb"), ("NUL", "a\0b"),
                        ("U+0001", "a\x01b"), ("U+001F", "\x1f"), ("U+007F", "\x7f"), ("U+0085", "\x85"), ("U+FFFE", "\ufffe"),
                        ("U+FFFD", "\ufffd"), ("1 MiB", "x" * MEBIBYTE), ("1 MiB and 1", "x" * (MEBIBYTE + 1)),
                        ("markup", "<a>&amp;\"'</a>"), ("white space", "  ")):
        ask(f"send {label}", "SendMessage", QueueUrl=queue, MessageBody=body)
    ask("send no body", "SendMessage", QueueUrl=queue)
    small = ask.queue("small", MaximumMessageSize="1024")
    ask("1024 bytes of 1024", "SendMessage", QueueUrl=small, MessageBody="é" * 512)
    ask("1025 bytes of 1024", "SendMessage", QueueUrl=small, MessageBody="é" * 512 + "x")
    ask("attributes count", "SendMessage", QueueUrl=small, MessageBody="x" * 1020, MessageAttributes={"a": GOOD})


@scenario
def message_attributes(ask):
    queue = ask.queue("attributes")
    for label, attributes in (
            ("string", {"a": GOOD}), ("number", {"a": {"DataType": "Number", "StringValue": "-1.5e3"}}),
            ("not a number", {"a": {"DataType": "Number", "StringValue": "seven"}}),
            ("number of 40 digits", {"a": {"DataType": "Number", "StringValue": "1" * 40}}),
            ("binary", {"a": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}),
            ("custom type", {"a": {"DataType": "String.json", "StringValue": "{}"}}), ("unknown type", {"a": {"DataType": "Bool", "StringValue": "1"}}),
            ("empty type", {"a": {"DataType": "", "StringValue": "1"}}), ("no type", {"a": {"StringValue": "1"}}),
            ("empty string", {"a": {"DataType": "String", "StringValue": ""}}),
            ("no value", {"a": {"DataType": "String"}}), ("empty binary", {"a": {"DataType": "Binary", "BinaryValue": b""}}),
            ("string with a binary value", {"a": {"DataType": "String", "BinaryValue": b"x"}}),
            ("control character", {"a": {"DataType": "String", "StringValue": "\x01"}}), ("empty name", {"": GOOD}),
            ("name of 256 characters", {"n" * 256: GOOD}), ("name of 257 characters", {"n" * 257: GOOD}), ("name with a space", {"a b": GOOD}),
            ("name AWS.x", {"AWS.x": GOOD}), ("name amazon.x", {"amazon.x": GOOD}), ("name .a", {".a": GOOD}), ("name a.", {"a.": GOOD}),
            ("name a..b", {"a..b": GOOD}), ("ten", {f"a{number}": GOOD for number in range(10)}),
            ("eleven", {f"a{number}": GOOD for number in range(11)})):
        ask(f"attribute: {label}", "SendMessage", QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    trace = {"DataType": "String", "StringValue": "Root=1-5e3d83c1-e6a0db584850d61342823d4c"}
    ask("system attribute AWSTraceHeader", "SendMessage", QueueUrl=queue, MessageBody="x", MessageSystemAttributes={"AWSTraceHeader": trace})
    ask("system attribute that is unknown", "SendMessage", QueueUrl=queue, MessageBody="x", MessageSystemAttributes={"Other": trace})


@scenario
def selecting_attributes(ask):
    for label, names in (("All", ["All"]), (".*", [".*"]), ("prefix", ["foo.*"]), ("one", ["foo.a"]), ("none", []), ("unknown", ["zzz"])):
        queue = ask.queue("select")
        ask.quietly("SendMessage", QueueUrl=queue, MessageBody="x", MessageAttributes={"foo.a": GOOD, "foo.b": GOOD, "bar": GOOD})
        ask(f"receive attributes {label}", "ReceiveMessage", QueueUrl=queue, MessageAttributeNames=names)
        ask.delete(queue)
    for label, names in (("All", ["All"]), ("one", ["ApproximateReceiveCount"]), ("unknown", ["Colour"])):
        queue = ask.queue("select")
        ask.quietly("SendMessage", QueueUrl=queue, MessageBody="x")
        ask(f"receive AttributeNames {label}", "ReceiveMessage", QueueUrl=queue, AttributeNames=names)
        ask(f"receive MessageSystemAttributeNames {label}", "ReceiveMessage", QueueUrl=queue, MessageSystemAttributeNames=names)
        ask.delete(queue)


@scenario
def receive_parameters(ask):
    queue = ask.queue("receive")
    for name, values in (("MaxNumberOfMessages", (0, 1, 10, 11, -1)), ("VisibilityTimeout", (0, 43200, 43201, -1)),
                         ("WaitTimeSeconds", (0, 21, -1)), ("ReceiveRequestAttemptId", ("once",))):
        for value in values:
            ask(f"receive {name}={value}", "ReceiveMessage", QueueUrl=queue, **{name: value})
    for delay in (0, 900, 901, -1):
        ask(f"send DelaySeconds={delay}", "SendMessage", QueueUrl=queue, MessageBody="x", DelaySeconds=delay)
    ask("send with a group to a standard queue", "SendMessage", QueueUrl=queue, MessageBody="x", MessageGroupId="g")
    ask("send with a deduplication id to a standard queue", "SendMessage", QueueUrl=queue, MessageBody="x", MessageDeduplicationId="d")


@scenario
def handles(ask):
    queue, other = ask.queue("handles"), ask.queue("other")
    ask.quietly("SendMessage", QueueUrl=queue, MessageBody="x")
    first = ask.quietly("ReceiveMessage", QueueUrl=queue, VisibilityTimeout=0).handle()
    second = ask.quietly("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=1).handle()
    for label, handle in (("nonsense", "nonsense"), ("empty", ""), ("with a letter changed", second[:-3] + "AAA")):
        ask(f"delete: handle {label}", "DeleteMessage", QueueUrl=queue, ReceiptHandle=handle)
        ask(f"change: handle {label}", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)
    ask("delete: no handle", "DeleteMessage", QueueUrl=queue)
    ask("delete: handle of another queue", "DeleteMessage", QueueUrl=other, ReceiptHandle=second)
    for timeout in (-1, 43201, 43200):
        ask(f"change: VisibilityTimeout={timeout}", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=second, VisibilityTimeout=timeout)
    ask("change: no timeout", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=second)
    ask("delete with an older handle", "DeleteMessage", QueueUrl=queue, ReceiptHandle=first)
    ask("delete", "DeleteMessage", QueueUrl=queue, ReceiptHandle=second)
    ask("delete again", "DeleteMessage", QueueUrl=queue, ReceiptHandle=second)
    ask("change what is deleted", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=second, VisibilityTimeout=1)
    ask.quietly("SendMessage", QueueUrl=queue, MessageBody="y")
    visible = ask.quietly("ReceiveMessage", QueueUrl=queue, VisibilityTimeout=0).handle()
    ask("change what is visible again", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=visible, VisibilityTimeout=30)


@scenario
def batches(ask):
    queue = ask.queue("batches")
    entry = {"MessageBody": "x"}
    for label, entries in (
            ("none", []), ("the same id twice", [{"Id": "a", **entry}] * 2), ("id with a space", [{"Id": "a b", **entry}]),
            ("empty id", [{"Id": "", **entry}]), ("id of 81", [{"Id": "i" * 81, **entry}]), ("no id", [entry]),
            ("eleven", [{"Id": f"e{number}", **entry} for number in range(11)]), ("ten", [{"Id": f"e{number}", **entry} for number in range(10)]),
            ("more than 1 MiB together", [{"Id": i, "MessageBody": "x" * 600_000} for i in "ab"]),
            ("one more than 1 MiB", [{"Id": "a", "MessageBody": "x" * (MEBIBYTE + 1)}, {"Id": "b", **entry}]),
            ("one with NUL", [{"Id": "a", "MessageBody": "\0"}, {"Id": "b", **entry}]), ("one empty", [{"Id": "a", "MessageBody": ""}, {"Id": "b", **entry}]),
            ("one with a bad delay", [{"Id": "a", "DelaySeconds": 901, **entry}, {"Id": "b", **entry}]),
            ("one with a bad attribute", [{"Id": "a", "MessageAttributes": {"a": {"DataType": "X", "StringValue": "1"}}, **entry}, {"Id": "b", **entry}]),
            ("one without a body", [{"Id": "a"}, {"Id": "b", **entry}])):
        ask(f"send batch: {label}", "SendMessageBatch", QueueUrl=queue, Entries=entries)
    for action, more in (("DeleteMessageBatch", {}), ("ChangeMessageVisibilityBatch", {"VisibilityTimeout": 30})):
        ask(f"{action}: none", action, QueueUrl=queue, Entries=[])
        ask(f"{action}: the same id twice", action, QueueUrl=queue, Entries=[{"Id": "a", "ReceiptHandle": "x", **more}] * 2)
        ask(f"{action}: eleven", action, QueueUrl=queue, Entries=[{"Id": f"e{i}", "ReceiptHandle": "x", **more} for i in range(11)])
        handle = ask.quietly("ReceiveMessage", QueueUrl=queue).handle()
        ask(f"{action}: one good, one nonsense", action, QueueUrl=queue,
            Entries=[{"Id": "a", "ReceiptHandle": handle, **more}, {"Id": "b", "ReceiptHandle": "x", **more}])
    ask("ChangeMessageVisibilityBatch: timeout too long", "ChangeMessageVisibilityBatch", QueueUrl=queue,
        Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 43201}])


@scenario
def fifo(ask):
    queue = ask.queue("fifo", FifoQueue="true")
    for label, more in (("no group", {"MessageDeduplicationId": "d"}), ("no deduplication id", {"MessageGroupId": "g"}),
                        ("good", {"MessageGroupId": "g", "MessageDeduplicationId": "d"}),
                        ("the same again", {"MessageGroupId": "g", "MessageDeduplicationId": "d"}),
                        ("with a delay", {"MessageGroupId": "g", "MessageDeduplicationId": "d1", "DelaySeconds": 1}),
                        ("with a delay of 0", {"MessageGroupId": "g", "MessageDeduplicationId": "d2", "DelaySeconds": 0}),
                        ("group of 129", {"MessageGroupId": "g" * 129, "MessageDeduplicationId": "d3"}),
                        ("group with a space", {"MessageGroupId": "a b", "MessageDeduplicationId": "d4"}),
                        ("empty group", {"MessageGroupId": "", "MessageDeduplicationId": "d5"}),
                        ("id of 129", {"MessageGroupId": "g", "MessageDeduplicationId": "d" * 129}),
                        ("empty id", {"MessageGroupId": "g", "MessageDeduplicationId": ""})):
        ask(f"send FIFO: {label}", "SendMessage", QueueUrl=queue, MessageBody="x", **more)
    ask("FIFO batch: one without a group", "SendMessageBatch", QueueUrl=queue, Entries=[
        {"Id": "a", "MessageBody": "x", "MessageDeduplicationId": "b1"}, {"Id": "b", "MessageBody": "x", "MessageGroupId": "h", "MessageDeduplicationId": "b2"}])
    ask("FIFO batch: one without a deduplication id", "SendMessageBatch", QueueUrl=queue, Entries=[
        {"Id": "a", "MessageBody": "x", "MessageGroupId": "h"}, {"Id": "b", "MessageBody": "x", "MessageGroupId": "h", "MessageDeduplicationId": "b3"}])
    ask.quietly("SendMessage", QueueUrl=queue, MessageBody="x", MessageGroupId="h", MessageDeduplicationId="b4")
    received = ask("receive one", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=1, AttributeNames=["All"])
    ask("receive the rest: another group", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)
    ask("the group waits", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)
    ask("delete FIFO", "DeleteMessage", QueueUrl=queue, ReceiptHandle=received.handle())
    ask("delete FIFO again", "DeleteMessage", QueueUrl=queue, ReceiptHandle=received.handle())
    ask("the same after its deletion", "SendMessage", QueueUrl=queue, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")
    short = ask.quietly("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=1, VisibilityTimeout=1)
    time.sleep(1.3)
    ask("delete FIFO after its visibility timeout", "DeleteMessage", QueueUrl=queue, ReceiptHandle=short.handle())
    ask("change FIFO after its visibility timeout", "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=short.handle(), VisibilityTimeout=5)
    by_content = ask.queue("content", FifoQueue="true", ContentBasedDeduplication="true")
    for label in ("by content", "by content again"):
        ask(f"send FIFO {label}", "SendMessage", QueueUrl=by_content, MessageBody="same", MessageGroupId="g")
    ask("receive by content", "ReceiveMessage", QueueUrl=by_content, MaxNumberOfMessages=10, AttributeNames=["MessageDeduplicationId"])


@scenario
def receive_attempts(ask):
    queue = ask.queue("attempts", FifoQueue="true", ContentBasedDeduplication="true")
    for group in "gh":
        ask.quietly("SendMessage", QueueUrl=queue, MessageBody=group, MessageGroupId=group)
    for label, attempt in (("first", "one"), ("repeated", "one"), ("another", "two"), ("empty", ""), ("of 129", "a" * 129)):
        ask(f"attempt: {label}", "ReceiveMessage", QueueUrl=queue, ReceiveRequestAttemptId=attempt, MaxNumberOfMessages=1,
            AttributeNames=["ApproximateReceiveCount"])


@scenario
def purging(ask):
    queue = ask.queue("purge")
    ask("purge", "PurgeQueue", QueueUrl=queue)
    ask("purge again", "PurgeQueue", QueueUrl=queue)
    fifo = ask.queue("purge", FifoQueue="true")
    again = {"QueueUrl": fifo, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    ask.quietly("SendMessage", **again)
    ask("purge FIFO", "PurgeQueue", QueueUrl=fifo)
    ask.quietly("SendMessage", **again)
    ask("receive what has a purged deduplication id", "ReceiveMessage", QueueUrl=fifo, WaitTimeSeconds=1)


@scenario
def parts_of_groups(ask):
    """A group of which one message is visible again and the others are not."""
    for visible in range(3):
        queue = ask.queue(f"group-{visible}", FifoQueue="true", VisibilityTimeout="30")
        for body in ("1", "2", "3"):
            ask.quietly("SendMessage", QueueUrl=queue, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body)
        received = ask.quietly("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)
        ask.quietly("ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=received.handle(visible), VisibilityTimeout=0)
        ask(f"receive message {visible + 1} of 3", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)


@scenario
def dead_letters(ask):
    dead, dead_fifo = ask.queue("dead"), ask.queue("dead", FifoQueue="true")
    arn = arn_of(ask, dead)
    queue = ask.queue("source", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"}))
    ask("read RedrivePolicy", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    counted = ask.queue("counted")
    for count in (0, 1001, "many", 1.5):
        ask(f"maxReceiveCount={count}", "SetQueueAttributes", QueueUrl=counted, Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count})})
    own = ask.queue("own")
    ask("a FIFO queue for a standard one", "SetQueueAttributes", QueueUrl=own, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of(ask, dead_fifo), "maxReceiveCount": 1})})
    ask("itself", "SetQueueAttributes", QueueUrl=own, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of(ask, own), "maxReceiveCount": 1})})
    ask("sources", "ListDeadLetterSourceQueues", QueueUrl=dead)
    ask("sources of a queue without", "ListDeadLetterSourceQueues", QueueUrl=queue)
    ask("sources: MaxResults=0", "ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=0)
    ask("sources: NextToken of nothing", "ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=1, NextToken="nonsense")
    ask.quietly("SendMessage", QueueUrl=queue, MessageBody="poison", MessageAttributes={"a": GOOD})
    ask.quietly("ReceiveMessage", QueueUrl=queue, VisibilityTimeout=0)
    ask("received once too often", "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=1)
    ask("receive the dead letter", "ReceiveMessage", QueueUrl=dead, WaitTimeSeconds=1, VisibilityTimeout=0, AttributeNames=["All"])
    ask("move: source that is no dead-letter queue", "StartMessageMoveTask", SourceArn=arn_of(ask, queue))
    ask("move: source that is not there", "StartMessageMoveTask", SourceArn=arn + "-never-made")
    ask("move: ARN of nothing", "StartMessageMoveTask", SourceArn="nonsense")
    ask("move: destination that is not there", "StartMessageMoveTask", SourceArn=arn, DestinationArn=arn + "-never-made")
    ask("move: 501 a second", "StartMessageMoveTask", SourceArn=arn, MaxNumberOfMessagesPerSecond=501)
    ask("move: cancel nonsense", "CancelMessageMoveTask", TaskHandle="nonsense")
    ask("move: list none", "ListMessageMoveTasks", SourceArn=arn)
    ask("move: start", "StartMessageMoveTask", SourceArn=arn)
    time.sleep(1.5)
    ask("move: list", "ListMessageMoveTasks", SourceArn=arn)
    ask("move: list, MaxResults=11", "ListMessageMoveTasks", SourceArn=arn, MaxResults=11)
    ask("move: list of what is not there", "ListMessageMoveTasks", SourceArn=arn + "-never-made")
    ask("receive what was moved back", "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=2, AttributeNames=["ApproximateReceiveCount"])


@scenario
def redrive_allow_policies(ask):
    dead, source = ask.queue("target"), ask.queue("source")
    policy = json.dumps({"deadLetterTargetArn": arn_of(ask, dead), "maxReceiveCount": "5"})
    for label, allow in (("denyAll", {"redrivePermission": "denyAll"}),
                         ("byQueue, another", {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(ask, dead)]}),
                         ("byQueue, this one", {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(ask, source)]}),
                         ("denyAll with sources", {"redrivePermission": "denyAll", "sourceQueueArns": [arn_of(ask, source)]}),
                         ("byQueue, eleven", {"redrivePermission": "byQueue", "sourceQueueArns": [f"{arn_of(ask, source)}{n}" for n in range(11)]})):
        ask(f"allow: {label}", "SetQueueAttributes", QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
        ask(f"a source, {label}", "SetQueueAttributes", QueueUrl=source, Attributes={"RedrivePolicy": policy})
        ask.quietly("SetQueueAttributes", QueueUrl=source, Attributes={"RedrivePolicy": ""})


@scenario
def permissions(ask):
    queue = ask.queue("permissions")
    good = {"Label": "l", "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]}
    for label, more in (("one", {}), ("the same label", {}), ("label with a space", {"Label": "a b"}), ("no label", {"Label": ""}),
                        ("no account", {"Label": "a", "AWSAccountIds": []}), ("no action", {"Label": "a", "Actions": []}),
                        ("the owner's action", {"Label": "a", "Actions": ["DeleteQueue"]}),
                        ("unknown action", {"Label": "a", "Actions": ["Fly"]}),
                        ("eight actions", {"Label": "a", "Actions": [
                            "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
                            "PurgeQueue", "ListDeadLetterSourceQueues"]})):
        ask(f"add: {label}", "AddPermission", QueueUrl=queue, **{**good, **more})
    ask("remove: one", "RemovePermission", QueueUrl=queue, Label="l")
    ask("remove: again", "RemovePermission", QueueUrl=queue, Label="l")


@scenario
def other_actions(ask):
    ask.queue("known")
    if ask.encoding == "Query":  # boto3 sends no action it does not know
        ask("an unknown action", "FlyToTheMoon")
    ask("another account's queue by name", "GetQueueUrl", QueueName=ask.name("known"), QueueOwnerAWSAccountId="999999999999")
