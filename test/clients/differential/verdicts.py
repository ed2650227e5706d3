"""Who is right by Amazon, for each difference: the first pattern that is found in `scenario: request`."""

WRONG = "not RowMQ: see above"
RANGE = "RowMQ: outside of the documented range"
REQUIRED = "RowMQ: the parameter is required"
CODES = "RowMQ: the code of the API model"
CONTENTS = "RowMQ: the documented characters"
NAMES = "RowMQ: the documented rule for names"
KNOWN = "RowMQ: a documented attribute"

# What the next reader should know first. A line here goes when the server has changed and the page is written anew.
ROWMQ_IS_WRONG = [
    "`DeleteMessage` on a FIFO queue, after the visibility timeout has ended: RowMQ deletes, Amazon answers `InvalidParameterValue`"
    " (\"The receipt handle has expired.\"). *Recorded.*",
    "`ChangeMessageVisibility` on a standard queue, after the visibility timeout has ended and before the message is received again:"
    " RowMQ answers `MessageNotInflight`, Amazon 200. *Recorded.*",
    "`SendMessageBatch` to a FIFO queue with one entry without `MessageGroupId` or (where it is needed) `MessageDeduplicationId`: RowMQ"
    " fails that entry, Amazon the whole request, with `InvalidParameterValue`. *Recorded.*",
    "A message attribute with a forbidden character: RowMQ answers `InvalidMessageContents`, Amazon `InvalidParameterValue`. *Recorded.*",
    "`CreateQueue` with an empty name: RowMQ answers `MissingParameter`, the emulators an invalid value. Not recorded.",
    "`ListQueues` with a `NextToken` that was never given: RowMQ may answer 200 without queues. Not documented.",
    "`AddPermission`, `RemovePermission`: RowMQ has no permissions and says so (`UnsupportedOperation`).",
]

VERDICTS = [
    (r"names: name: empty", WRONG),
    (r"names: name: missing|no URL|no body|no handle|no timeout|batch: no id|without a body|set nothing|tag with nothing|untag nothing", REQUIRED),
    (r"standard with FifoQueue=false|set FifoQueue|create with ContentBased|set ContentBased", "RowMQ: *recorded*, unknown to a standard queue"),
    (r"names: name", NAMES),
    (r"creating_twice: other tags", "RowMQ: tags are not compared"),
    (r"creating_twice", CODES),
    (r"RedriveAllowPolicy='(\{\"redrivePermission\": \"allowAll\"\})?'|KmsMasterKeyId|ReusePeriodSeconds='60'|ManagedSseEnabled='false'", KNOWN),
    (r"RedriveAllowPolicy", "RowMQ: the documented values; byQueue needs sourceQueueArns"),
    (r"RedrivePolicy=''", "RowMQ: *recorded*, an empty policy removes it"),
    (r"RedrivePolicy", "RowMQ: the documented form; the target has to exist"),
    (r"set (Colour|QueueArn|Approximate)|create with Colour|get unknown", "RowMQ: an unknown attribute is InvalidAttributeName"),
    (r"attribute_values: ", RANGE),
    (r"get All", "RowMQ: the documented attributes of the queue's kind"),
    (r"DeduplicationScope=messageGroup|FifoThroughputLimit=per", KNOWN),
    (r"DeduplicationScope=nonsense", RANGE),
    (r"no such queue: (ListDead)", CODES),
    (r"no such queue", "RowMQ: *recorded*, the code of the API model"),
    (r"URL of nothing", "RowMQ: QueueDoesNotExist"),
    (r"listing: (first|last) page", "RowMQ: pages as MaxResults asks"),
    (r"listing: MaxResults", RANGE),
    (r"NextToken of nothing", WRONG),
    (r"51 tags", "RowMQ: 50 tags is the documented limit"),
    (r"bodies: send empty", "RowMQ: *recorded*"),
    (r"bodies: send (NUL|U\+)", CONTENTS),
    (r"1 MiB and 1|send 1 MiB|1025 bytes|attributes count", "RowMQ: *recorded*, body and attributes count"),
    (r"attribute: control character", WRONG),
    (r"attribute: empty string", "RowMQ: *recorded*"),
    (r"attribute: (no type|no value|empty binary|string with a binary|unknown type)", "RowMQ: type and value must not be empty and fit"),
    (r"attribute: not a number", "RowMQ: a Number is a number"),
    (r"attribute: (empty )?name", NAMES),
    (r"attribute: eleven", "RowMQ: ten is the documented limit"),
    (r"AWSTraceHeader", "RowMQ: MD5OfMessageSystemAttributes belongs to it"),
    (r"system attribute that is unknown", "RowMQ: AWSTraceHeader is the only one"),
    (r"receive attributes prefix", "RowMQ: prefix.* is documented"),
    (r"Names unknown", "RowMQ: InvalidAttributeName, as for queues"),
    (r"ReceiveRequestAttemptId", "RowMQ: documented for FIFO queues; no error is documented for others"),
    (r"parameters: send with", "RowMQ: not valid for this queue type"),
    (r"receive_parameters", RANGE),
    (r"handle empty", "either: the parameter is there and empty"),
    (r"handle with a letter changed", "RowMQ: a changed handle is invalid"),
    (r"handles: change: VisibilityTimeout=43200", "RowMQ: 43200 is the documented limit"),
    (r"handles: change: Vis", RANGE),
    (r"older handle|delete again|delete FIFO again", "RowMQ: a deletion may be repeated"),
    (r"what is deleted", "RowMQ: *recorded*"),
    (r"visible again", WRONG),
    (r"batches: .*(none|twice|space|empty id|of 81|eleven|1 MiB)", "RowMQ: the batch error of the API model"),
    (r"batches: send batch: one with a bad attribute|one with a bad delay|one empty|one with NUL|too long|one nonsense",
     "RowMQ: that entry fails, by the sender's fault"),
    (r"FIFO batch", WRONG),
    (r"send FIFO: (group|empty group|id)", "RowMQ: *recorded*, 1 to 128 characters"),
    (r"receive the rest", "RowMQ: other groups do not wait (where the batch before was refused there is none)"),
    (r"after its visibility timeout", WRONG),
    (r"by content", "RowMQ: a FIFO message has a SequenceNumber"),
    (r"purge again", "RowMQ: *recorded*, once in 60 seconds"),
    (r"maxReceiveCount", "RowMQ: 1 to 1000, whole"),
    (r"a FIFO queue for a standard one", "RowMQ: the kinds must be the same"),
    (r"sources", "RowMQ: the queues with a valid policy"),
    (r"receive the dead letter", "RowMQ: the dead letter with its source's ARN"),
    (r"what was moved back", "RowMQ: its receives are counted anew"),
    (r"501 a second|MaxResults=11", RANGE),
    (r"not there", "RowMQ: ResourceNotFoundException, 404 by the API model"),
    (r"move: ", "RowMQ: as the documentation says"),
    (r"another account", "RowMQ: no such queue"),
    (r"unknown action", "RowMQ: InvalidAction"),
    (r"permission", "not RowMQ: it has no permissions, and says so"),
]
