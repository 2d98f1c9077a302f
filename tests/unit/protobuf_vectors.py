"""Prints test vectors as Google's own implementation (python3-protobuf) sees them, one a line:

    TYPE <tab> HEX <tab> JSON     encoding JSON gives exactly these bytes; decoding them gives exactly JSON

JSON is in our form: 64-bit integers are numbers, and fields without presence are always there.
Called by test_protobuf_peer with the descriptor set."""
import base64
import json
import math
import random
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

random.seed(20260131)
pool = descriptor_pool.DescriptorPool()
with open(sys.argv[1], "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)
factory = message_factory.MessageFactory(pool)

TEXTS = ["", "a", "engine-7", "grüße €", "\U0001f600", "nul\0inside", 'quote " \\ back', "x" * 300]
REALS = [0.0, -0.0, 1.0, -1.5, 0.1, 81.4, 1e300, -2.5e-7, 5e-324, float("inf"), float("-inf")]
FLOATS = [0.0, 1.0, -1.5, 0.25, 3.4028234663852886e38, float("inf")]
C = FieldDescriptor


def integer(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    edges = [low, high, 0, 1, high - 1, 1 << 7, 1 << 14]
    return random.choice(edges + [random.randint(low, high) for _ in range(4)])


def scalar(field):
    kind = field.type
    if kind in (C.TYPE_INT32, C.TYPE_SINT32, C.TYPE_SFIXED32):
        return integer(32, True)
    if kind in (C.TYPE_INT64, C.TYPE_SINT64, C.TYPE_SFIXED64):
        return integer(64, True)
    if kind in (C.TYPE_UINT32, C.TYPE_FIXED32):
        return integer(32, False)
    if kind in (C.TYPE_UINT64, C.TYPE_FIXED64):
        return integer(64, False)
    if kind == C.TYPE_DOUBLE:
        return random.choice(REALS)
    if kind == C.TYPE_FLOAT:
        return random.choice(FLOATS)
    if kind == C.TYPE_BOOL:
        return random.random() < 0.5
    if kind == C.TYPE_STRING:
        return random.choice(TEXTS)
    if kind == C.TYPE_BYTES:
        return random.choice([b"", b"\0\xff", bytes(range(256))])
    values = [value.number for value in field.enum_type.values]
    return random.choice(values if field.enum_type.file.syntax == "proto2" else values + [12345])


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill_known(message, depth):
    """Well-known types, of which not every field value is allowed. False: an ordinary message."""
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        message.seconds = random.choice([0, -62135596800, 253402300799, random.randint(0, 1 << 31)])
        message.nanos = random.choice([0, 1, 120000000, 999999999, 1000])
    elif name == "google.protobuf.Duration":
        message.seconds = random.choice([0, -3, 315575999999, 90])
        message.nanos = random.choice([0, 5, 500000000]) * (-1 if message.seconds < 0 else 1)
    elif name == "google.protobuf.FieldMask":
        message.paths.extend(["a", "b_c.d", "long_name_here"][:random.randint(0, 3)])
    elif name == "google.protobuf.Value":
        kind = random.randrange(6 if depth < 4 else 4)
        if kind == 0:
            message.null_value = 0
        elif kind == 1:
            message.number_value = random.choice([0, -7, 0.5, 1e6, 2**53])
        elif kind == 2:
            message.string_value = random.choice(TEXTS)
        elif kind == 3:
            message.bool_value = True
        elif kind == 4:
            message.struct_value.SetInParent()
            fill(message.struct_value, depth + 1)
        else:
            message.list_value.SetInParent()
            fill(message.list_value, depth + 1)
    else:
        return False
    return True


def fill(message, depth=0):
    if fill_known(message, depth):
        return
    fullness = random.choice([0.15, 0.5, 1.0]) if depth < 3 else 0.15
    for field in message.DESCRIPTOR.fields:
        if field.full_name in ("test.v1.Known.nothing", "test.v1.Old.set"):
            continue
        required = field.label == C.LABEL_REQUIRED
        if not required and random.random() > fullness or (depth > 4 and field.message_type):
            continue
        if is_map(field):
            entry = field.message_type.fields_by_name
            for _ in range(random.randint(0, 4)):
                key = scalar(entry["key"])
                if entry["value"].message_type:
                    fill(getattr(message, field.name)[key], depth + 1)
                else:
                    getattr(message, field.name)[key] = scalar(entry["value"])
        elif field.label == C.LABEL_REPEATED:
            target = getattr(message, field.name)
            for _ in range(random.randint(0, 5)):
                if field.message_type:
                    fill(target.add(), depth + 1)
                else:
                    target.append(scalar(field))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), depth + 1)
        else:
            setattr(message, field.name, scalar(field))


def shortest_float(real):
    """The shortest decimal that gives the same single-precision number, as Python shows it."""
    for digits in range(6, 10):
        text = f"{real:.{digits}g}"
        if struct.pack("f", min(float(text), 3.4028234663852886e38)) == struct.pack("f", real):
            return float(text)
    return real


def scalar_form(field, value):
    if field.type in (C.TYPE_FLOAT, C.TYPE_DOUBLE):
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return shortest_float(value) if field.type == C.TYPE_FLOAT else value
    if field.type == C.TYPE_BYTES:
        return base64.b64encode(value).decode()
    if field.type == C.TYPE_ENUM:
        if field.enum_type.full_name == "google.protobuf.NullValue":
            return None
        known = field.enum_type.values_by_number.get(value)
        if known is None:
            return value
        return next(each.name for each in field.enum_type.values if each.number == value)
    return value


def free_form(value):
    """Struct, Value, ListValue: sorted, and whole numbers as integers."""
    if isinstance(value, dict):
        return {key: free_form(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [free_form(member) for member in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return value


def single_form(field, value):
    return form(value) if field.message_type else scalar_form(field, value)


def form(message):
    """The message in our form: MessageToDict is asked for the well-known types only."""
    name = message.DESCRIPTOR.full_name
    if name in ("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"):
        return free_form(json_format.MessageToDict(message))
    if name.startswith("google.protobuf.") and name.endswith("Value"):
        return scalar_form(message.DESCRIPTOR.fields_by_number[1], message.value)
    if name.startswith("google.protobuf."):
        return json_format.MessageToDict(message)
    result = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if is_map(field):
            entry = field.message_type.fields_by_name
            result[field.json_name] = {
                json.dumps(key) if isinstance(key, bool) else str(key):
                single_form(entry["value"], value[key]) for key in sorted(value)}
        elif field.label == C.LABEL_REPEATED:
            result[field.json_name] = [single_form(field, member) for member in value]
        elif not field.has_presence or message.HasField(field.name):
            result[field.json_name] = single_form(field, value)
    return result


def show(message):
    text = json.dumps(form(message), ensure_ascii=False)
    wire = message.SerializeToString(deterministic=True).hex()
    print(message.DESCRIPTOR.full_name, wire, text, sep="\t")


TYPES = ["Scalars", "Lists", "Maps", "Tree", "Choice", "Known", "Names", "Old"]
for name in TYPES:
    for _ in range(60):
        message = factory.GetPrototype(pool.FindMessageTypeByName("test.v1." + name))()
        fill(message)
        show(message)
