"""What a message of a name looks like, so that whoever receives it can tell whether it is still that."""
import base64
import json
import random
import zlib


def body_of(name):
    """Its name, a filling that follows from the name, a checksum."""
    draw = random.Random(name)
    size = 200_000 if draw.random() < 0.005 else int(2 ** draw.uniform(0, 13))
    text = name + "|" + base64.b64encode(draw.randbytes(size * 3 // 4)).decode()
    return f"{text}|{zlib.crc32(text.encode()):08x}"


def attributes_of(name):
    """A third of the messages carry attributes."""
    if zlib.crc32(name.encode()) % 3:
        return {}
    return {"name": {"DataType": "String", "StringValue": name},
            "bytes": {"DataType": "Binary", "BinaryValue": base64.b64encode(name.encode()).decode()}}


def is_poison(name):
    """What no consumer can digest: one in thirty."""
    return zlib.crc32(b"poison" + name.encode()) % 30 == 0


def name_of(message):
    return message["Body"].split("|", 1)[0]


def checksum(body, attributes):
    plain = {key: {part: value[part] for part in ("DataType", "StringValue", "BinaryValue") if part in value}
             for key, value in attributes.items()}
    return zlib.crc32((body + json.dumps(plain, sort_keys=True)).encode()) or 1


def checksum_of(message):
    return checksum(message["Body"], message.get("MessageAttributes", {}))


def is_intact(message):
    name = name_of(message)
    return checksum_of(message) == checksum(body_of(name), attributes_of(name))
