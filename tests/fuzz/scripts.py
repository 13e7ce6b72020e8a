# SPDX-License-Identifier: MIT
"""Talks of the protocol as scripts of the target "session" (session.c, events.c)."""
import re
import struct

NONE = 0xFFFFFFFF
REF = 8         # grant of page 0
SQ = {0: 2, 1: 5, 2: 25, 3: 45}
OPS = {"NOP": 1, "QUEUE_OPEN": 2, "QUEUE_CLOSE": 3, "CTX_CREATE": 4, "CTX_DESTROY": 5, "BUF_REGISTER": 6,
       "BUF_RELEASE": 7, "FW_LOAD": 8, "FW_UNLOAD": 9, "CANCEL": 10, "CTX_SIGNAL": 11, "QUERY": 12, "JOB": 16}
SUBMIT, RAW, GO, TAKE, EVENTS, FURNISH, TIME, RUN = 0, 4, 5, 8, 9, 10, 28, 31
HEADERS = {"": b"\x0c\x77\x00", "park-": b"\x0e\x77\x01", "kill-": b"\x08\x77\x02", "tight-": b"\x1d\xf8\xe5"}


def number(fields, name, default=0):
    return int(fields.get(name, default), 0) if isinstance(fields.get(name, default), str) else default


def job(f):
    body = struct.pack("<IIIIIHBB", number(f, "context"), number(f, "firmware"), number(f, "entry"),
                       number(f, "run_limit_us"), number(f, "start_limit_us"), number(f, "operands"),
                       number(f, "priority"), 0)
    body += struct.pack("<QIIQQ", number(f, "immediate"), number(f, "wait_context"), number(f, "wait_device"),
                        number(f, "wait_value"), number(f, "signal_value"))
    for i in range(4):
        body += struct.pack("<HHII", *(number(f, "operand.%d.%s" % (i, n)) for n in
                                       ("buffer", "access", "offset", "length")))
    return body


def message(op, f, ids):
    """One operation as bytes of a script: well made where the target knows how."""
    if op == "BUF_REGISTER" and f.get("refs") == "@":
        return bytes([SUBMIT, 5, number(f, "buffer") % 8 | ((number(f, "access", "3") or 1) - 1) << 3,
                      number(f, "pages", "1") - 1 & 255])
    if op == "FW_LOAD":
        return bytes([SUBMIT, 7, number(f, "firmware") % 4, number(f, "pages", "1") - 1, number(f, "buffer") % 8])
    if op == "QUEUE_OPEN" and f.get("refs") == "@":
        return bytes([SUBMIT, 1, (number(f, "queue") - 1) % 3 | (number(f, "order", "5") - 5) << 2 |
                      (number(f, "qclass", "2") - 1) << 5])
    if op == "JOB":
        body = job(f)
    elif op == "CANCEL":
        body = struct.pack("<IHHQ", number(f, "queue"), number(f, "target_slot"), 0, number(f, "target_id"))
    elif op == "CTX_SIGNAL":
        body = struct.pack("<IIQ", number(f, "context"), 0, number(f, "value"))
    elif op == "QUERY":
        body = struct.pack("<II", number(f, "what"), number(f, "object"))
    elif op == "CTX_CREATE":
        body = struct.pack("<II", number(f, "context"), NONE)
    elif op == "NOP":
        body = b""
    else:
        names = [n for n in ("queue", "context", "buffer", "firmware") if n in f]
        body = struct.pack("<I", number(f, names[0]) if names else 0)
    sqe = struct.pack("<HHHHQ", OPS[op], number(f, "flags"), 0, 0, 0) + body
    return bytes([RAW | number(f, "on") % 4 << 5]) + sqe.ljust(128, b"\0")


def talk(block):
    script, ids = b"", 0
    for key, rest in block:
        words = rest.split()
        if key in ("send", "ask"):
            op = [w for w in words if w in OPS and "=" not in w]
            f = dict(w.split("=", 1) for w in words if "=" in w)
            script += message(op[-1], f, ids) if op else b""
            ids += 1
        if key in ("go", "ask"):
            script += bytes([GO, RUN, TAKE])
        if key == "want":
            script += bytes([TIME, 0xa1, TAKE])
        if key == "event":
            script += bytes([EVENTS])
        if key == "sleep-us":
            script += bytes([TIME, 0xb3, TAKE])
    return script


# Short histories of what the talks do not have, in the words of events.c.
def histories():
    jobs = lambda q, imm, how=0, obj=0: bytes([2 | q << 5, how, obj]) + struct.pack("<I", imm)
    begin = bytes([FURNISH, 1])
    yield "jobs", begin + jobs(2, 5) * 4 + bytes([GO, RUN, TAKE, EVENTS])
    yield "fault", begin + jobs(2, 0x10005) + jobs(2, 0x20005) + jobs(2, 0x30005) + bytes([GO, TIME, 0xa1, TAKE, EVENTS])
    yield "overrun", begin + jobs(2, 0x8000, 0x10)[:3] + struct.pack("<IH", 0x8000, 50) + bytes([GO, TIME, 0xcf, TAKE, EVENTS])
    yield "hang", begin + jobs(2, 0x8000) * 3 + bytes([GO, TIME, 0xd1, TIME, 0xd1, TAKE, 27, 3, TAKE])
    yield "cancel", begin + jobs(2, 0x8000) + bytes([GO, RUN, 0, 9, 1, 0, GO, TIME, 0xb1, TAKE])
    yield "cancel-slow", begin + jobs(2, 0x8000) + bytes([GO, RUN, 25 | 32, 0, 9, 1, 0, GO, RUN, TAKE, 25, TIME, 0xb1, TAKE])
    yield "close", begin + jobs(2, 0x8000) * 2 + bytes([GO, RUN, 0, 2, 2, GO, TIME, 0xb1, TAKE])
    yield "destroy", begin + jobs(2, 0x8000) * 2 + bytes([GO, RUN, 0, 4, 0, GO, TIME, 0xb1, TAKE])
    yield "release", begin + jobs(2, 0x800, 0x20) + b"\0" + bytes([GO, RUN, 0, 6, 0, 0, 8, 0, GO, TIME, 0xd1, TAKE])
    yield "two-classes", begin + bytes([0, 1, 0x00, GO, RUN, TAKE]) + jobs(2, 0x8000) + bytes([GO, RUN]) + \
        jobs(1, 5, 0, 1) + bytes([GO, TIME, 0xc1, TAKE])
    yield "cancel-parked", begin + bytes([0, 1, 0x00, GO, RUN, TAKE]) + jobs(2, 0x8000) + bytes([GO, RUN]) + \
        jobs(1, 0x3000, 0, 1) + bytes([GO, RUN, 0, 9, 1, 0, GO, RUN, TAKE, TIME, 0xc1, TAKE])
    yield "worker-dies", begin + jobs(2, 0x8000) + bytes([GO, RUN, 23, 4, 0, 0, TIME, 0xa1, TAKE]) + jobs(2, 5) + \
        bytes([GO, TIME, 0xc3, TAKE])
    yield "worker-lies", begin + jobs(2, 0x8000) + bytes([GO, RUN, 23, 0, 1, 30, TIME, 0xa1, TAKE])
    yield "worker-mute", begin + bytes([25 | 32, 0, 3, 3, GO, RUN, 27, 60, TAKE])
    yield "worker-hangs-up", begin + bytes([23, 3, 0, 0, RUN, TAKE])
    yield "worker-noise", begin + bytes([23, 2 | 40, 9, 9]) + bytes(88) + bytes([RUN])
    yield "table", bytes([15, 68]) + struct.pack("<HB", 0, 23) + struct.pack("<HHII", 0, 1, 0, 64) * 2 + begin + \
        jobs(2, 5, 4) + bytes([0x00, 1]) + bytes([GO, RUN, TAKE])
    yield "digest-only", begin + bytes([0, 7, 0x21, 3, GO, RUN, TAKE])
    yield "bad-digest", begin + bytes([0, 7, 0x11, 3, 0, GO, RUN, TAKE])
    yield "big-buffer", bytes([0, 5, 0x41, 200, GO, TIME, 0xa1, TAKE, 0, 6, 1, GO, RUN, TAKE])
    yield "wait", begin + bytes([2 | 2 << 5, 0x03, 0]) + struct.pack("<IH", 5, 30000) + bytes([1, 7, 3]) + \
        bytes([GO, RUN, 0, 10, 1, 9, GO, RUN, TAKE])
    yield "expire", begin + bytes([2 | 2 << 5, 0x01, 0]) + struct.pack("<IH", 5, 30) + bytes([1, 7]) + \
        bytes([GO, TIME, 0xc1, TAKE])
    yield "slot-beyond", begin + bytes([15, 25]) + struct.pack("<HB", 4, 1) + b"\xff\xff" + bytes([14, 6, 1, 7, RUN])
    yield "index-beyond", begin + bytes([14, 0x42]) + struct.pack("<I", 99) + bytes([7, RUN, 12, 12, RUN])
    yield "storm", begin + bytes([7, RUN] * 40)
    yield "shares", begin + jobs(2, 0x300) * 6 + b"".join(bytes([13, i, RUN]) for i in range(8)) + bytes([27, 1, TAKE, EVENTS])
    yield "class-changes", begin + jobs(2, 0x8000) * 2 + bytes([GO, RUN, 13, 6, RUN, TIME, 0xa1, 13, 4, RUN, TIME, 0xb1, TAKE])
    yield "reconnect", begin + bytes([18, 5, RUN, 18, 6, RUN, 18, 1, RUN, 26, RUN]) + begin + jobs(2, 5) + bytes([GO, RUN, TAKE])
    yield "vanish", begin + jobs(2, 0x8000) + bytes([GO, RUN, 19, 1, RUN, 27, 7])
    yield "detach", begin + bytes([19, 3, RUN])
    yield "again", begin + bytes([19, 7, RUN, 26]) + begin
    yield "no-such-coprocessor", bytes([19, 7, 17, 3, 2]) + b"zz" + bytes([RUN, RUN])
    yield "store-lost", begin + bytes([20, 1, 0, 13, 0, RUN, 27, 7, 13, 1, RUN])
    yield "store-busy", begin + bytes([20, 0, 2, 13, 0, RUN, 27, 7])
    yield "bad-nodes", bytes([18, 1, RUN, 17, 44, 1]) + b"x" + bytes([18, 3, RUN])
    yield "no-grants", bytes([19, 7, 21, 2, 26])
    yield "no-descriptors", bytes([19, 7, 22, 2, 26])
    yield "stop", begin + jobs(2, 0x8000) + bytes([GO, RUN, 26 | 96, RUN, 27, 7])
    two = bytes([0x80 | FURNISH, 1])
    yield "2-share", begin + two + jobs(2, 0x8000) + bytes([GO, RUN]) + bytes([0x82 | 64, 0, 0]) + struct.pack("<I", 5) + \
        bytes([0x85, TIME, 0xa4, TIME, 0xa4, TAKE, 0x88])
    yield "2-cancel-stopped", begin + two + jobs(2, 0x8000) + bytes([GO, RUN]) + bytes([0x82 | 64, 0, 0]) + \
        struct.pack("<I", 0x8000) + bytes([0x85, TIME, 0xa4, 0, 9, 1, 0, 0x80, 9, 1, 0, 5, 0x85, TIME, 0xa4, TAKE, 0x88])


def make(out, blocks):
    found = [("talk-" + dict(b)["talk"], talk(b)) for p in ("objects", "jobs")
             for b in blocks("protocol/vectors/%s.talk" % p) if b[0][0] == "talk"]
    for name, script in found + list(histories()):
        for prefix, header in HEADERS.items():
            if name.startswith("2-"):
                header = bytes([header[0] | 0x80]) + header[1:]
            out.seed("session", prefix + name, header + script)

    for name, script in programs():
        for flags in (0x01, 0x0f, 0x00, 0x11, 0xe3):
            out.seed("frontend", "%02x-%s" % (flags, name), bytes([flags]) + script)


# What a program and a hostile backend do, in the words of frontend.c and peer.c.
def programs():
    begin = bytes([23])
    work = begin + bytes([8, 0x03, 12, 12])
    yield "jobs", work
    yield "pieces", begin + bytes([2, 9, 8, 0x29, 0, 0, 0, 0, 0, 12])
    yield "signals", begin + bytes([8, 0x21, 12, 18, 1, 17, 5, 18, 4])
    yield "waits", begin + bytes([8, 0x11, 12, 17, 1, 12])
    yield "cancel", begin + bytes([25, 8, 0x01, 14, 0, 15, 12, 25 | 32, 12])
    yield "again", work + bytes([4, 5, 6, 7, 20]) + work
    yield "own-port", bytes([3, 0x34]) + work
    yield "ask", begin + b"".join(bytes([19, i]) for i in range(9))
    yield "slot", begin + bytes([25, 8, 1, 29, 0x12, 8, 0, 12])
    yield "id", begin + bytes([25, 8, 1, 29, 0x12, 4, 0, 12])
    yield "status", begin + bytes([25, 8, 1, 29, 0x12, 0, 9, 12])
    yield "flags", begin + bytes([25, 8, 1, 29, 0x12, 2, 0, 9, 12])
    yield "twice", begin + bytes([8, 1, 12, 29, 0x14, 12])
    yield "index", begin + bytes([8, 1, 29, 5, 0x45]) + struct.pack("<I", 99999) + bytes([12])
    yield "back", begin + bytes([8, 1, 29, 5, 0x03, 0xff, 12])
    for kind in range(5):
        yield "event-%d" % kind, begin + bytes([29, 6, 0, kind, 1, 31, 16])
    yield "event-flood", begin + bytes([29, 6, 0xf4, 2, 0, 31, 16, 31])
    yield "event-bad", begin + bytes([29, 6, 3, 1, 0, 9, 9, 9, 9, 9, 9, 9, 9, 99, 31, 16])
    yield "refused", bytes([25, 0, 1, 2, 0, 18, 1, 2, 2, 0, 25])
    yield "mute", begin + bytes([25, 8, 3, 12, 28, 28, 28, 12])
    yield "closing", begin + bytes([25, 8, 3, 29, 8, 5, 12, 29, 8, 6, 12, 21, 22])
    yield "crash", begin + bytes([8, 3, 25, 8, 3, 29, 12, 31, 25 | 32, 31, 22, 12])
    yield "gone", begin + bytes([8, 3, 29, 10, 1, 31, 12])
    yield "removed", begin + bytes([8, 3, 29, 10, 3, 31, 12])
    yield "moved", begin + bytes([29, 10, 7, 31, 22, 12])
    yield "storm", begin + bytes([29, 11, 31]) * 80
    yield "no-memory", bytes([26, 1, 3, 0x24, 26, 2, 2, 9, 26, 1, 21])
    yield "store", begin + bytes([27, 1, 31, 27 | 64, 1, 21, 22, 28])
    for i in range(36):
        yield "node-%d" % i, bytes([29, 9, i, 3]) + b"999" + bytes([29, 12, 22]) + work
    for state in range(9):
        yield "state-%d" % state, begin + bytes([29, 8, state, 31, 12, 22])
