"""The checksums SQS promises, computed here and not taken from a client library."""
import hashlib
import struct


def of_body(text):
    return hashlib.md5(text.encode()).hexdigest()


def of_attributes(attributes):
    """Of {"name": {"DataType": .., "StringValue" or "BinaryValue": ..}}: sorted by name; each part with its length."""
    digest = hashlib.md5()

    def part(value):
        digest.update(struct.pack(">I", len(value)) + value)

    for name in sorted(attributes):
        attribute = attributes[name]
        part(name.encode())
        part(attribute["DataType"].encode())
        binary = attribute["DataType"].startswith("Binary")
        digest.update(b"\2" if binary else b"\1")
        part(bytes(attribute["BinaryValue"]) if binary else attribute["StringValue"].encode())
    return digest.hexdigest()
