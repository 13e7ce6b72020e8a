#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reader of the vectors, in another language, and TAP.

Offsets come from the tables of coprocif.md themselves, the checks are written
from its section 5, 6, 9 and 10.  So a vector that follows the C code and not
the text fails here, and a text from which one cannot write a receiver too.
"""
import glob
import os
import re
import sys

NONE = 0xFFFFFFFF
BIG = 1 << 26
TEXT = open("protocol/coprocif.md", encoding="utf-8").read()


def tables():
    """{heading: [(field, offset, size, count)]} of the tables that begin with offset and size."""
    found, heading = {}, ""
    for line in TEXT.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        m = re.match(r"\| (\d+) \| (\d+) \| ([a-z_0-9]+)(?:\[(\d+)\])? \|", line)
        if m:
            count = int(m[4] or 1)
            found.setdefault(heading, []).append((m[3], int(m[1]), int(m[2]) // count, count))
    return found


TABLES = tables()
OPS = {int(op): (name, TABLES.get(heading, []))
       for heading, name, op in re.findall(r"^### (6\.\d+ ([A-Z_]+) \((\d+)\))$", TEXT, re.M)}
KINDS = {int(a): c for a, c in re.findall(r"^\| (\d+) \| [A-Z_]+ \| (any|control|job) \|", TEXT, re.M)}
STATUS = {int(a): b for a, b in re.findall(r"^\| (\d+) \| ([A-Z_]+) \| .* \| [A-Z0-9]+ \| [A-Z0-9]+ \|$", TEXT, re.M)}
FLAGS = {8: 1, 16: 15}
JOB_HEAD = [f for f in OPS[16][1] if f[1] >= 16]
OPERAND = [f for f in OPS[16][1] if f[1] < 16]


def get(data, offset, size):
    return int.from_bytes(data[offset:offset + size], "little")


def fields(data, table):
    """Field values; reserved ones apart; arrays as lists."""
    out, reserved = {}, 0
    for name, offset, size, count in table:
        if name.startswith("reserved"):
            reserved |= get(data, offset, size * count)
        elif count > 1:
            out[name] = [data[offset + i * size:offset + (i + 1) * size] for i in range(count)]
        else:
            out[name] = get(data, offset, size)
    return out, reserved


def numbers(parts):
    return [int.from_bytes(p, "little") for p in parts]


def refs_fit(parts, used):
    return all((r != NONE) == (i < used) for i, r in enumerate(numbers(parts)))


def judge_operand(o, limits, steps):
    steps[5] |= o["buffer"] >= limits["max-buffers"]
    steps[6] |= o["access"] not in (1, 2, 3)
    steps[7] |= o["offset"] + o["length"] > BIG


def judge(data, control, limits):
    """Steps 1 to 9 of section 5.  Each is found out apart; the first that fails counts."""
    op, flags = get(data, 0, 2), get(data, 2, 2)
    if op not in KINDS or KINDS[op] not in ("any", "control" if control else "job"):
        return "BAD_OP"
    has = limits["features"]
    f, reserved = fields(data, JOB_HEAD if op == 16 else OPS[op][1])
    if op == 1:
        reserved = get(data, 16, 112)
    s = {n: False for n in range(2, 10)}
    s[2] = bool(flags & ~FLAGS.get(op, 0))
    s[3] = bool(reserved or get(data, 6, 2))
    bad_queue = "queue" in f and not 1 <= f["queue"] <= limits["max-queues"]
    s[5] = bad_queue
    for name, limit in (("context", "max-contexts"), ("firmware", "max-firmware")):
        s[5] |= name in f and f[name] >= limits[limit]
    if op == 2:
        order = f["order"]
        s[4] = f["journal_ref"] != NONE and "journal" not in has
        s[6] = f["qclass"] not in (1, 2, 3) or not 5 <= order <= limits["max-ring-order"] or \
            not refs_fit(f["sq_ref"], 1 << (order - 5)) or \
            not refs_fit(f["cq_ref"], 1 << (order - 7) if order > 7 else 1)
        s[9] = f["qclass"] < ("realtime", "normal", "batch").index(limits["max-class"]) + 1
    elif op == 4 and f["save_buffer"] != NONE:
        s[4] = "save-area" not in has
        s[5] |= f["save_buffer"] >= limits["max-buffers"]
    elif op == 6:
        s[5] |= f["buffer"] >= limits["max-buffers"]
        s[6] = not 1 <= f["pages"] <= 16384 or f["access"] not in (1, 2, 3) or \
            f["dirs"] != (f["pages"] + 1023) // 1024 or not refs_fit(f["dir_ref"], f["dirs"])
        s[8] = f["pages"] > limits["max-pages"]
    elif op == 7:
        s[5] |= f["buffer"] >= limits["max-buffers"]
    elif op == 8:
        signed = f["sig_offset"] or f["sig_length"]
        s[4] = bool(flags & 1 and "digest-load" not in has or signed and "firmware-signature" not in has)
        s[6] = not 1 <= f["kind"] <= 5
        if flags & 1:
            s[6] |= f["buffer"] != NONE or bool(f["offset"] or f["length"] or signed)
        else:
            s[5] |= f["buffer"] >= limits["max-buffers"]
            s[6] |= f["length"] == 0 or f["sig_length"] not in (0, 64) or (not f["sig_length"] and f["sig_offset"] != 0)
            s[7] = f["offset"] + f["length"] > BIG or f["sig_offset"] + f["sig_length"] > BIG
            s[8] = f["length"] > limits["max-firmware-bytes"]
    elif op == 12:
        bound = {2: "max-queues", 3: "max-contexts", 4: "max-contexts", 5: "max-buffers", 6: "max-firmware"}
        if f["what"] in bound:
            n = limits[bound[f["what"]]]
            s[5] = not (1 <= f["object"] <= n if f["what"] == 2 else f["object"] < n)
        else:
            s[6] = f["what"] not in (1, 7, 8) or f["object"] != 0
    elif op == 16:
        judge_job(f, flags, limits, has, s)
    word = {2: "BAD_FIELD", 3: "BAD_FIELD", 4: "NOT_SUPPORTED", 5: "BAD_OBJECT", 6: "BAD_FIELD", 7: "BAD_RANGE",
            8: "NO_QUOTA", 9: "DENIED"}
    return next((word[n] for n in sorted(s) if s[n]), "OK")


def judge_job(f, flags, limits, has, s):
    s[4] = f["wait_device"] != 0 and "cross-timeline" not in has
    waits = flags & 1
    s[5] |= bool(waits and not f["wait_device"] and f["wait_context"] >= limits["max-contexts"])
    s[6] = f["run_limit_us"] > limits["max-run-limit-us"] or f["operands"] > 4
    s[6] |= f["start_limit_us"] == 0 if waits else bool(f["wait_context"] or f["wait_device"] or f["wait_value"])
    s[6] |= not flags & 2 and f["signal_value"] != 0
    used = [fields(o, OPERAND)[0] for o in f["operand"][:f["operands"]]]
    s[6] |= any(any(o) for o in f["operand"][f["operands"]:])
    for o in used:
        judge_operand(o, limits, s)
    s[8] = f["operands"] > limits["max-operands"]
    if flags & 4:
        t = used[0] if used else {"access": 0, "length": 0}
        s[6] |= f["operands"] != 1 or t["access"] != 1 or t["length"] == 0 or t["length"] % 12 != 0
        s[8] = t["length"] // 12 > limits["max-operands"]


def judge_operand_alone(v, data):
    s = {n: False for n in (5, 6, 7)}
    o, _ = fields(data, OPERAND)
    judge_operand(o, v["limits"], s)
    for n, word in ((5, "BAD_OBJECT"), (6, "BAD_FIELD"), (7, "BAD_RANGE")):
        if s[n]:
            return word
    if v["bytes"] and o["offset"] + o["length"] > v["bytes"]:
        return "BAD_RANGE"
    return "BAD_ACCESS" if v["bytes"] and o["access"] & ~v["access"] else "OK"


def judge_completion(data):
    c, reserved = fields(data, TABLES["9 Completions"])
    if reserved or c["flags"] & ~3:
        return "broken reserved"
    return "OK" if c["status"] in STATUS else "broken status"


def judge_event(data):
    e, reserved = fields(data, TABLES["10 Events"])
    if reserved:
        return "broken reserved"
    good = 1 <= e["type"] <= 4 and e["status"] in STATUS and (e["type"] != 1 or 1 <= e["value"] <= 3)
    return "OK" if good else "broken status"


def answer(v, data):
    if v["message"] == "request":
        return judge(data, v["queue"] == "control", v["limits"])
    if v["message"] == "operand":
        return judge_operand_alone(v, data)
    return judge_completion(data) if v["message"] == "completion" else judge_event(data)


def vectors(path):
    v = None
    for line in open(path, encoding="utf-8"):
        key, _, rest = line.strip().partition(" ")
        if key == "vector":
            v = {"name": rest, "hex": "", "flips": [], "bytes": 0, "access": 0, "limits": {
                "max-queues": 4, "max-ring-order": 7, "max-contexts": 16, "max-buffers": 64, "max-pages": 4096,
                "max-firmware": 8, "max-firmware-bytes": 1048576, "max-operands": 16, "max-run-limit-us": 1000000,
                "max-class": "normal", "features": ""}}
        elif key in ("message", "queue", "expect"):
            v[key] = rest
        elif key == "hex":
            v["hex"] += rest
        elif key == "limit":
            name, value = rest.split()
            v["limits"][name] = int(value) if value.isdigit() else value
        elif key == "buffer-bytes":
            v["bytes"] = int(rest)
        elif key == "buffer-access":
            v["access"] = int(rest)
        elif key == "flip":
            v["flips"].append(rest.split(" ", 2))
        elif key == "" and v:
            yield v
            v = None
    if v:
        yield v


def main():
    n = failed = 0
    for path in sorted(glob.glob("protocol/vectors/*.vec")):
        wrong, count = [], 0
        for v in vectors(path):
            count += 1
            data = bytes.fromhex(v["hex"])
            tries = [(data, v["expect"], "")]
            for first, last, expect in v["flips"]:
                for bit in range(int(first), int(last) + 1):
                    flipped = bytearray(data)
                    flipped[bit // 8] ^= 1 << bit % 8
                    tries.append((bytes(flipped), expect, " bit %d" % bit))
            for message, expect, where in tries:
                got = answer(v, message)
                if got != expect:
                    wrong.append("%s%s: %s, expected %s" % (v["name"], where, got, expect))
        n += 1
        failed += bool(wrong or not count)
        print("%sok %d - %s: %d vectors" % ("not " if wrong or not count else "", n, os.path.basename(path), count))
        for w in wrong[:10]:
            print("# " + w)
    print("1..%d" % n)
    return 1 if failed or not n else 0


if __name__ == "__main__":
    sys.exit(main())
