#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the message vectors of protocol/vectors from coprocif.md's tables.

It knows offsets and nothing of the C code, so what it writes is a second
opinion.  The status that a message must get is written here by hand, from
the text.  Run it after changing it; the build does not need it.
"""
import hashlib
import os
import struct
import sys

NONE = 0xFFFFFFFF
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../protocol/vectors")

# name: (op, kind of queue, bits of flags, [(field, offset, size, count)])
OPS = {
    "NOP": (1, "any", 0, []),
    "QUEUE_OPEN": (2, "control", 0, [("queue", 16, 4, 1), ("qclass", 20, 2, 1), ("order", 22, 2, 1),
        ("event_channel", 24, 4, 1), ("journal_ref", 28, 4, 1), ("sq_ref", 32, 4, 16), ("cq_ref", 96, 4, 4)]),
    "QUEUE_CLOSE": (3, "control", 0, [("queue", 16, 4, 1)]),
    "CTX_CREATE": (4, "control", 0, [("context", 16, 4, 1), ("save_buffer", 20, 4, 1)]),
    "CTX_DESTROY": (5, "control", 0, [("context", 16, 4, 1)]),
    "BUF_REGISTER": (6, "control", 0, [("buffer", 16, 4, 1), ("pages", 20, 4, 1), ("access", 24, 2, 1),
        ("dirs", 26, 2, 1), ("dir_ref", 32, 4, 16)]),
    "BUF_RELEASE": (7, "control", 0, [("buffer", 16, 4, 1)]),
    "FW_LOAD": (8, "control", 1, [("firmware", 16, 4, 1), ("kind", 20, 4, 1), ("buffer", 24, 4, 1),
        ("offset", 28, 4, 1), ("length", 32, 4, 1), ("sig_offset", 36, 4, 1), ("sig_length", 40, 4, 1),
        ("sha256", 48, 32, 1)]),
    "FW_UNLOAD": (9, "control", 0, [("firmware", 16, 4, 1)]),
    "CANCEL": (10, "control", 0, [("queue", 16, 4, 1), ("target_slot", 20, 2, 1), ("target_id", 24, 8, 1)]),
    "CTX_SIGNAL": (11, "control", 0, [("context", 16, 4, 1), ("value", 24, 8, 1)]),
    "QUERY": (12, "control", 0, [("what", 16, 4, 1), ("object", 20, 4, 1)]),
    "JOB": (16, "job", 15, [("context", 16, 4, 1), ("firmware", 20, 4, 1), ("entry", 24, 4, 1),
        ("run_limit_us", 28, 4, 1), ("start_limit_us", 32, 4, 1), ("operands", 36, 2, 1), ("priority", 38, 1, 1),
        ("immediate", 40, 8, 1), ("wait_context", 48, 4, 1), ("wait_device", 52, 4, 1), ("wait_value", 56, 8, 1),
        ("signal_value", 64, 8, 1)] +
        [("operand.%d.%s" % (i, f), 72 + 12 * i + o, s, 1) for i in range(4)
         for f, o, s in (("buffer", 0, 2), ("access", 2, 2), ("offset", 4, 4), ("length", 8, 4))]),
}
HEADER = [("op", 0, 2, 1), ("flags", 2, 2, 1), ("slot", 4, 2, 1), ("id", 8, 8, 1)]
CQE = [("id", 0, 8, 1), ("slot", 8, 2, 1), ("status", 10, 2, 1), ("flags", 12, 2, 1), ("result", 16, 8, 1),
       ("waited_us", 24, 4, 1), ("ran_us", 28, 4, 1)]
EVENT = [("sequence", 0, 4, 1), ("lost", 4, 4, 1), ("type", 8, 2, 1), ("status", 10, 2, 1), ("object", 12, 4, 1),
         ("value", 16, 8, 1)]
OPERAND = [("buffer", 0, 2, 1), ("access", 2, 2, 1), ("offset", 4, 4, 1), ("length", 8, 4, 1)]

out = None
count = 0
names = set()


def open_file(name, title):
    global out
    if out:
        out.close()
    out = open(os.path.join(OUT, name), "w")
    out.write("# SPDX-License-Identifier: MIT\n# coprocif version 1, vectors: %s\n" % title)


def pack(fields, values, size):
    data = bytearray(size)
    known = {f[0] for f in fields}
    for k in values:
        assert k in known, k
    for name, offset, width, n in fields:
        v = values.get(name, 0)
        if width == 32:
            data[offset:offset + 32] = v if v else bytes(32)
            continue
        vs = v if n > 1 else [v]
        assert len(vs) == n, name
        for i, x in enumerate(vs):
            data[offset + i * width:offset + (i + 1) * width] = x.to_bytes(width, "little")
    return data


def lines_of(fields, values):
    for name, _, width, n in fields:
        v = values.get(name, 0)
        if width == 32:
            yield "field %s %s" % (name, (v if v else bytes(32)).hex())
        elif n > 1:
            for i, x in enumerate(v):
                yield "field %s.%d %d" % (name, i, x)
        else:
            yield "field %s %d" % (name, v)


def write(name, about, rules, head, data, expect, fields, flips):
    global count
    assert name not in names, name
    names.add(name)
    count += 1
    out.write("\nvector %s\nabout %s\n" % (name, about))
    if rules:
        out.write("rule %s\n" % rules)
    for h in head:
        out.write(h + "\n")
    for i in range(0, len(data), 32):
        part = bytes(data[i:i + 32]).hex()
        out.write("hex %s\n" % " ".join(part[j:j + 8] for j in range(0, len(part), 8)))
    out.write("expect %s\n" % expect)
    for line in fields:
        out.write(line + "\n")
    for a, b, status in flips:
        out.write("flip %d %d %s\n" % (a, b, status))


def sqe(name, about, op, values=None, expect="OK", rules="B-MSG-1", limits=None, raw=None, flips=(), queue=None,
        flags=0, opnum=None, slot=5, ident=0x1122334455667788):
    number, kind, _, body = OPS[op]
    fields = HEADER + body
    v = {"op": number if opnum is None else opnum, "flags": flags, "slot": slot, "id": ident}
    v.update(values or {})
    data = pack(fields, v, 128)
    for offset, b in (raw or {}).items():
        data[offset:offset + len(b)] = b
    head = ["message request", "queue %s" % (queue or ("control" if kind != "job" else "job"))]
    for k, x in (limits or {}).items():
        head.append("limit %s %s" % (k, x))
    write(name, about, rules, head, data, expect, lines_of(fields, v) if expect == "OK" else [], flips)


def bits(offset, size):
    return offset * 8, (offset + size) * 8 - 1


def generic(op, values, limits=None, reserved=(), flags=0):
    """What every operation must do: unknown flags, reserved bytes, id and slot, the other kind of queue."""
    number, kind, known, _ = OPS[op]
    low = op.lower().replace("_", "-")
    flips = [(16 + b, 16 + b, "BAD_FIELD") for b in range(16) if not known >> b & 1]
    joined = []
    for f in flips:                       # runs of bits in one line
        if joined and joined[-1][1] + 1 == f[0]:
            joined[-1] = (joined[-1][0], f[1], f[2])
        else:
            joined.append(f)
    flips = joined + [bits(6, 2) + ("BAD_FIELD",)] + [bits(o, n) + ("BAD_FIELD",) for o, n in reserved]
    flips += [bits(4, 2) + ("OK",), bits(8, 8) + ("OK",)]
    sqe(low + "-each-reserved-bit", "each unknown flag and reserved bit alone; slot and id are not judged here", op,
        values, "OK", "B-MSG-1 F-MSG-1 B-VER-1 F-VER-1", limits, None, flips, flags=flags)
    if kind != "any":
        other = "job" if kind == "control" else "control"
        sqe(low + "-wrong-queue", "not an operation of a %s queue" % other, op, values, "BAD_OP", "B-MSG-1", limits,
            queue=other, flags=flags)
        sqe(low + "-wrong-queue-first", "the queue is judged before flags and reserved fields", op, values, "BAD_OP",
            "B-MSG-1", limits, {6: b"\xff\xff"}, queue=other, flags=0xFFFF)
    sqe(low + "-slot-id-extremes", "slot and id may be any here", op, values, "OK", "", limits, flags=flags,
        slot=0xFFFF, ident=0xFFFFFFFFFFFFFFFF)


def index(op, field, limit, values, extra=None, first=0, last=None):
    """An index at its bounds."""
    low = op.lower().replace("_", "-") + "-" + field.replace("_", "-").replace(".", "-")
    for label, v, want in (("lowest", first, "OK"), ("highest", last, "OK"), ("beyond", last + 1, "BAD_OBJECT"),
                           ("sign-bit", 0x80000000, "BAD_OBJECT"), ("all-ones", NONE, "BAD_OBJECT")):
        if label == "all-ones" and field == "save_buffer":
            continue
        vals = dict(values)
        vals[field] = v
        sqe("%s-%s" % (low, label), "%s %d of %s" % (field, v, limit), op, vals, want, "B-MSG-1", extra)
    if first:
        vals = dict(values)
        vals[field] = 0
        sqe(low + "-zero", "%s begins at 1" % field, op, vals, "BAD_OBJECT", "B-MSG-1", extra)


def nop():
    open_file("nop.vec", "NOP, and operations that do not exist")
    generic("NOP", {}, reserved=[(16, 112)])
    sqe("nop-on-a-job-queue", "NOP belongs to every queue", "NOP", queue="job")
    for n in (0, 13, 14, 15, 17, 255, 256, 0x0110, 0x1000, 0x8001, 0xFFFF):
        for q in ("control", "job"):
            sqe("op-%d-on-%s" % (n, q), "operation %d does not exist" % n, "NOP", None, "BAD_OP",
                "B-MSG-1 B-MSG-2 B-VER-1", opnum=n, queue=q)
    sqe("op-unknown-first", "the operation is judged before everything else", "NOP", None, "BAD_OP", "B-MSG-1",
        raw={6: b"\x01", 127: b"\x01"}, flags=0xFFFF, opnum=99)


def refs(n, of, start=100):
    return [start + i if i < n else NONE for i in range(of)]


def queue_open():
    open_file("queue_open.vec", "QUEUE_OPEN")
    rt = {"max-class": "realtime"}

    def base(order=5, **kw):
        v = {"queue": 1, "qclass": 2, "order": order, "event_channel": 0, "journal_ref": NONE,
             "sq_ref": refs(1 << (order - 5), 16), "cq_ref": refs(1 << (order - 7) if order > 7 else 1, 4, 200)}
        v.update(kw)
        return v

    big = {"max-ring-order": 9}
    generic("QUEUE_OPEN", base(), reserved=[(112, 16)])
    index("QUEUE_OPEN", "queue", "max-queues", base(), first=1, last=4)
    sqe("queue-open-queue-30", "the highest queue that can exist", "QUEUE_OPEN", base(queue=30), limits={"max-queues": 30})
    sqe("queue-open-queue-31", "no queue has a cell behind the page", "QUEUE_OPEN", base(queue=31), "BAD_OBJECT",
        limits={"max-queues": 30})
    for order in range(5, 10):
        sqe("queue-open-order-%d" % order, "%d entries" % (1 << order), "QUEUE_OPEN", base(order), limits=big)
    for order in (0, 1, 4, 10, 31, 32, 0xFFFF):
        sqe("queue-open-order-%d" % order, "order %d does not exist" % order, "QUEUE_OPEN",
            dict(base(5), order=order), "BAD_FIELD", limits=big)
    sqe("queue-open-order-beyond-limit", "order 8 where max-ring-order is 7", "QUEUE_OPEN", base(8), "BAD_FIELD")
    for c, want in ((0, "BAD_FIELD"), (1, "DENIED"), (3, "OK"), (4, "BAD_FIELD"), (0x8002, "BAD_FIELD")):
        sqe("queue-open-class-%d" % c, "class %d where max-class is normal" % c, "QUEUE_OPEN", base(qclass=c), want,
            "B-MSG-1 B-CLASS-4")
    sqe("queue-open-realtime", "realtime where max-class is realtime", "QUEUE_OPEN", base(qclass=1), "OK", "B-CLASS-4",
        rt)
    sqe("queue-open-batch-only", "normal where max-class is batch", "QUEUE_OPEN", base(), "DENIED", "B-CLASS-4",
        {"max-class": "batch"})
    sqe("queue-open-field-before-class", "fields are judged before the class is allowed", "QUEUE_OPEN",
        dict(base(qclass=1), order=4), "BAD_FIELD")
    sqe("queue-open-own-port", "an event channel of its own", "QUEUE_OPEN", base(event_channel=NONE))
    sqe("queue-open-journal", "with a journal", "QUEUE_OPEN", base(journal_ref=300), limits={"features": "journal"})
    sqe("queue-open-journal-ref-0", "grant 0 is a grant", "QUEUE_OPEN", base(journal_ref=0), "NOT_SUPPORTED")
    sqe("queue-open-journal-not-negotiated", "a journal needs feature-journal", "QUEUE_OPEN", base(journal_ref=300),
        "NOT_SUPPORTED", limits={"features": "save-area,cross-timeline,digest-load,firmware-signature"})
    sqe("queue-open-no-journal", "a queue without one, where it was negotiated", "QUEUE_OPEN", base(),
        limits={"features": "journal"})
    sqe("queue-open-reserved-before-feature", "reserved fields are judged before features", "QUEUE_OPEN",
        base(journal_ref=300), "BAD_FIELD", raw={127: b"\x01"})
    sqe("queue-open-feature-before-index", "features are judged before indexes", "QUEUE_OPEN",
        base(journal_ref=300, queue=99), "NOT_SUPPORTED")
    sqe("queue-open-index-before-field", "indexes are judged before other fields", "QUEUE_OPEN",
        base(queue=99, qclass=1), "BAD_OBJECT")
    for order in (5, 7, 9):
        n, m = 1 << (order - 5), 1 << (order - 7) if order > 7 else 1
        for i in range(16):
            v = base(order)
            v["sq_ref"] = list(v["sq_ref"])
            v["sq_ref"][i] = NONE if i < n else 7
            sqe("queue-open-order-%d-sq-ref-%d" % (order, i), "a used SQ grant is missing" if i < n else
                "an unused SQ grant is named", "QUEUE_OPEN", v, "BAD_FIELD", "B-MSG-1 F-MSG-1", big)
        for i in range(4):
            v = base(order)
            v["cq_ref"] = list(v["cq_ref"])
            v["cq_ref"][i] = NONE if i < m else 0
            sqe("queue-open-order-%d-cq-ref-%d" % (order, i), "a used CQ grant is missing" if i < m else
                "an unused CQ grant is named", "QUEUE_OPEN", v, "BAD_FIELD", "B-MSG-1 F-MSG-1", big)


def small():
    open_file("queue_close.vec", "QUEUE_CLOSE")
    generic("QUEUE_CLOSE", {"queue": 1}, reserved=[(20, 108)])
    index("QUEUE_CLOSE", "queue", "max-queues", {}, first=1, last=4)

    open_file("ctx_create.vec", "CTX_CREATE")
    generic("CTX_CREATE", {"context": 3, "save_buffer": NONE}, reserved=[(24, 104)])
    index("CTX_CREATE", "context", "max-contexts", {"save_buffer": NONE}, last=15)
    index("CTX_CREATE", "save_buffer", "max-buffers", {"context": 3}, {"features": "save-area"}, last=63)
    sqe("ctx-create-save-area-none", "no save area, where it was negotiated", "CTX_CREATE",
        {"context": 3, "save_buffer": NONE}, limits={"features": "save-area"})
    sqe("ctx-create-save-area-not-negotiated", "buffer 0 is a buffer", "CTX_CREATE", {"context": 3, "save_buffer": 0},
        "NOT_SUPPORTED", limits={"features": "journal,cross-timeline,digest-load,firmware-signature"})
    sqe("ctx-create-feature-before-index", "features are judged before indexes", "CTX_CREATE",
        {"context": 99, "save_buffer": 0}, "NOT_SUPPORTED")
    sqe("ctx-create-most-contexts", "index 65535 of 65536", "CTX_CREATE", {"context": 65535, "save_buffer": NONE},
        limits={"max-contexts": 65536})

    open_file("ctx_destroy.vec", "CTX_DESTROY")
    generic("CTX_DESTROY", {"context": 3}, reserved=[(20, 108)])
    index("CTX_DESTROY", "context", "max-contexts", {}, last=15)

    open_file("buf_release.vec", "BUF_RELEASE")
    generic("BUF_RELEASE", {"buffer": 3}, reserved=[(20, 108)])
    index("BUF_RELEASE", "buffer", "max-buffers", {}, last=63)

    open_file("fw_unload.vec", "FW_UNLOAD")
    generic("FW_UNLOAD", {"firmware": 3}, reserved=[(20, 108)])
    index("FW_UNLOAD", "firmware", "max-firmware", {}, last=7)

    open_file("cancel.vec", "CANCEL")
    v = {"queue": 1, "target_slot": 31, "target_id": 0x0102030405060708}
    generic("CANCEL", v, reserved=[(22, 2), (32, 96)])
    index("CANCEL", "queue", "max-queues", v, first=1, last=4)
    sqe("cancel-any-slot", "a slot that no queue has is NOT_FOUND later, not refused here", "CANCEL",
        dict(v, target_slot=0xFFFF, target_id=0xFFFFFFFFFFFFFFFF))

    open_file("ctx_signal.vec", "CTX_SIGNAL")
    generic("CTX_SIGNAL", {"context": 3, "value": 9}, reserved=[(20, 4), (32, 96)])
    index("CTX_SIGNAL", "context", "max-contexts", {"value": 1}, last=15)
    for label, x in (("zero", 0), ("greatest", 0xFFFFFFFFFFFFFFFF), ("high-half", 1 << 63)):
        sqe("ctx-signal-value-" + label, "any value", "CTX_SIGNAL", {"context": 0, "value": x})

    open_file("query.vec", "QUERY")
    generic("QUERY", {"what": 1}, reserved=[(24, 104)])
    for what, field, first, last in ((2, "max-queues", 1, 4), (3, "max-contexts", 0, 15), (4, "max-contexts", 0, 15),
                                     (5, "max-buffers", 0, 63), (6, "max-firmware", 0, 7)):
        for o, want in ((first, "OK"), (last, "OK"), (last + 1, "BAD_OBJECT"), (NONE, "BAD_OBJECT")) + \
                (((0, "BAD_OBJECT"),) if first else ()):
            sqe("query-%d-object-%d" % (what, o), "object %d of %s" % (o, field), "QUERY", {"what": what, "object": o},
                want)
    for what in (1, 7, 8):
        sqe("query-%d" % what, "has no object", "QUERY", {"what": what})
        for o in (1, NONE):
            sqe("query-%d-object-%d" % (what, o), "has no object", "QUERY", {"what": what, "object": o}, "BAD_FIELD")
    for what in (0, 9, 256, 0x80000001, NONE):
        sqe("query-unknown-%d" % what, "no such question", "QUERY", {"what": what}, "BAD_FIELD", "B-MSG-1 B-VER-1")


def buf_register():
    open_file("buf_register.vec", "BUF_REGISTER")
    big = {"max-pages": 16777216}

    def base(pages=1, **kw):
        dirs = (pages + 1023) // 1024
        v = {"buffer": 3, "pages": pages, "access": 3, "dirs": dirs, "dir_ref": refs(min(dirs, 16), 16)}
        v.update(kw)
        return v

    generic("BUF_REGISTER", base(), reserved=[(28, 4), (96, 32)])
    index("BUF_REGISTER", "buffer", "max-buffers", base(), last=63)
    sqe("buf-register-most-buffers", "index 65535 of 65536", "BUF_REGISTER", base(buffer=65535),
        limits={"max-buffers": 65536})
    for pages in (1, 2, 1023, 1024, 1025, 2048, 2049, 16383, 16384):
        sqe("buf-register-pages-%d" % pages, "%d directories" % ((pages + 1023) // 1024), "BUF_REGISTER", base(pages),
            limits=big)
    for pages in (0, 16385, 0x80000000, NONE):
        sqe("buf-register-pages-%d" % pages, "no buffer has %d pages" % pages, "BUF_REGISTER",
            dict(base(1), pages=pages, dirs=(pages + 1023) // 1024 & 0xFFFF), "BAD_FIELD", limits=big)
    sqe("buf-register-no-pages-no-dirs", "a buffer has a page, also when all else says that it has none",
        "BUF_REGISTER", dict(base(1), pages=0, dirs=0, dir_ref=refs(0, 16)), "BAD_FIELD", limits=big)
    sqe("buf-register-17-dirs", "a message holds sixteen directories", "BUF_REGISTER",
        dict(base(16384), pages=16385, dirs=17), "BAD_FIELD", limits=big)
    sqe("buf-register-all-quota", "as many pages as max-pages", "BUF_REGISTER", base(4096))
    sqe("buf-register-over-quota", "one page more than max-pages", "BUF_REGISTER", base(4097), "NO_QUOTA")
    sqe("buf-register-field-before-quota", "fields are judged before limits", "BUF_REGISTER",
        base(4097, access=0), "BAD_FIELD")
    for a, want in ((0, "BAD_FIELD"), (1, "OK"), (2, "OK"), (3, "OK"), (4, "BAD_FIELD"), (7, "BAD_FIELD"),
                    (0x8001, "BAD_FIELD")):
        sqe("buf-register-access-%d" % a, "access %d" % a, "BUF_REGISTER", base(access=a), want)
    for pages, dirs in ((1, 0), (1, 2), (1024, 2), (1025, 1), (16384, 15), (16384, 17), (1, 0xFFFF)):
        sqe("buf-register-%d-pages-%d-dirs" % (pages, dirs), "the number of directories does not fit the pages",
            "BUF_REGISTER", dict(base(pages), dirs=dirs), "BAD_FIELD", limits=big)
    for pages in (1, 1025, 16384):
        n = (pages + 1023) // 1024
        for i in range(16):
            v = base(pages)
            v["dir_ref"] = list(v["dir_ref"])
            v["dir_ref"][i] = NONE if i < n else 0
            sqe("buf-register-%d-pages-ref-%d" % (pages, i), "a used directory is missing" if i < n else
                "an unused directory is named", "BUF_REGISTER", v, "BAD_FIELD", "B-MSG-1 F-MSG-1", big)
    sqe("buf-register-reserved-before-index", "reserved fields are judged before indexes", "BUF_REGISTER",
        base(buffer=99), "BAD_FIELD", raw={28: b"\x01"})


def fw_load():
    open_file("fw_load.vec", "FW_LOAD")
    sha = hashlib.sha256(b"firmware").digest()
    digest, sig = {"features": "digest-load"}, {"features": "firmware-signature"}
    both = {"features": "digest-load,firmware-signature"}

    def base(**kw):
        v = {"firmware": 2, "kind": 1, "buffer": 3, "offset": 4096, "length": 8192, "sha256": sha}
        v.update(kw)
        return v

    def by_digest(**kw):
        return dict(base(buffer=NONE, offset=0, length=0), **kw)

    generic("FW_LOAD", base(), reserved=[(44, 4), (80, 48)])
    index("FW_LOAD", "firmware", "max-firmware", base(), last=7)
    index("FW_LOAD", "buffer", "max-buffers", base(), last=63)
    for k in range(1, 6):
        sqe("fw-load-kind-%d" % k, "kind %d" % k, "FW_LOAD", base(kind=k))
    for k in (0, 6, 257, NONE):
        sqe("fw-load-kind-%d" % k, "no such kind", "FW_LOAD", base(kind=k), "BAD_FIELD", "B-MSG-1 B-VER-1")
    sqe("fw-load-length-1", "the shortest image", "FW_LOAD", base(length=1))
    sqe("fw-load-length-0", "an image has a length", "FW_LOAD", base(length=0), "BAD_FIELD")
    sqe("fw-load-length-most", "as long as max-firmware-bytes", "FW_LOAD", base(length=1048576))
    sqe("fw-load-length-over", "longer than max-firmware-bytes", "FW_LOAD", base(length=1048577), "NO_QUOTA")
    sqe("fw-load-end-at-2-26", "ends where the largest buffer ends", "FW_LOAD", base(offset=0x4000000 - 8192))
    sqe("fw-load-end-behind-2-26", "ends one byte further", "FW_LOAD", base(offset=0x4000001 - 8192), "BAD_RANGE")
    sqe("fw-load-end-at-2-32", "ends where 32 bits end", "FW_LOAD", base(offset=0x100000000 - 8192), "BAD_RANGE")
    sqe("fw-load-end-wraps", "offset and length wrap around", "FW_LOAD", base(offset=NONE), "BAD_RANGE")
    sqe("fw-load-range-before-quota", "too long, and behind any buffer", "FW_LOAD", base(offset=NONE, length=NONE),
        "BAD_RANGE")
    sqe("fw-load-length-most-of-all", "the largest image that can be", "FW_LOAD", base(offset=0, length=0x4000000),
        limits={"max-firmware-bytes": 0x4000000})
    sqe("fw-load-digest-is-opaque", "any 32 bytes are a digest here", "FW_LOAD", base(sha256=b"\xff" * 32))
    sqe("fw-load-by-digest", "no image, by its digest", "FW_LOAD", by_digest(), limits=digest, flags=1)
    sqe("fw-load-by-digest-not-negotiated", "DIGEST_ONLY needs feature-digest-load", "FW_LOAD", by_digest(),
        "NOT_SUPPORTED", limits={"features": "journal,save-area,cross-timeline,firmware-signature"}, flags=1)
    sqe("fw-load-feature-before-index", "features are judged before indexes", "FW_LOAD", by_digest(firmware=99),
        "NOT_SUPPORTED", flags=1)
    for k, x in (("buffer", 3), ("buffer", 0), ("offset", 1), ("length", 1), ("sig_offset", 1), ("sig_length", 64)):
        sqe("fw-load-by-digest-with-%s-%d" % (k.replace("_", "-"), x), "a load by digest says where nothing lies",
            "FW_LOAD", by_digest(**{k: x}), "BAD_FIELD", "B-MSG-1 F-MSG-1", both, flags=1)
    sqe("fw-load-without-image", "buffer NONE without DIGEST_ONLY", "FW_LOAD", by_digest(), "BAD_OBJECT", limits=digest)
    sqe("fw-load-signature", "signed", "FW_LOAD", base(sig_offset=12288, sig_length=64), limits=sig)
    sqe("fw-load-no-signature", "not signed, where it was negotiated", "FW_LOAD", base(), limits=sig)
    sqe("fw-load-signature-at-0", "the signature before the image", "FW_LOAD", base(sig_length=64), limits=sig)
    for k, x in (("sig_offset", 1), ("sig_length", 64)):
        sqe("fw-load-%s-not-negotiated" % k.replace("_", "-"), "a signature needs feature-firmware-signature",
            "FW_LOAD", base(**{k: x}), "NOT_SUPPORTED",
            limits={"features": "journal,save-area,cross-timeline,digest-load"})
    sqe("fw-load-signature-offset-alone", "no signature has one spelling", "FW_LOAD", base(sig_offset=1), "BAD_FIELD",
        limits=sig)
    sqe("fw-load-signature-wraps", "offset and length wrap around", "FW_LOAD",
        base(sig_offset=0x100000000 - 64, sig_length=64), "BAD_RANGE", limits=sig)
    sqe("fw-load-signature-end-at-2-26", "ends where the largest buffer ends", "FW_LOAD",
        base(sig_offset=0x4000000 - 64, sig_length=64), limits=sig)
    sqe("fw-load-signature-behind-2-26", "ends one byte further", "FW_LOAD",
        base(sig_offset=0x4000001 - 64, sig_length=64), "BAD_RANGE", limits=sig)
    for n in (1, 63, 65, 128, NONE):
        sqe("fw-load-signature-length-%d" % n, "a signature is of 64 bytes", "FW_LOAD",
            base(sig_offset=0, sig_length=n), "BAD_FIELD", limits=sig)
    sqe("fw-load-field-before-range", "fields are judged before ranges", "FW_LOAD",
        base(offset=NONE, sig_length=65), "BAD_FIELD", limits=sig)


def job():
    open_file("job.vec", "JOB")
    cross = {"features": "cross-timeline"}

    def base(operands=0, **kw):
        v = {"context": 2, "firmware": 1, "entry": 7, "run_limit_us": 1000, "start_limit_us": 0,
             "operands": operands, "priority": 128, "immediate": 0xA5A5}
        for i in range(min(operands, 4)):
            v.update({"operand.%d.buffer" % i: i + 1, "operand.%d.access" % i: 1 + i % 3,
                      "operand.%d.offset" % i: 4096 * i, "operand.%d.length" % i: 100 + i})
        for k, x in kw.items():
            v[k.replace("__", ".")] = x
        return v

    def op0(**kw):
        return base(1, **{"operand__0__" + k: x for k, x in kw.items()})

    generic("JOB", base(4), reserved=[(39, 1), (120, 8)])
    sqe("job-opaque-fields", "entry, priority and immediate are not judged here", "JOB", base(),
        flips=[bits(24, 4) + ("OK",), bits(38, 1) + ("OK",), bits(40, 8) + ("OK",)])
    index("JOB", "context", "max-contexts", base(), last=15)
    index("JOB", "firmware", "max-firmware", base(), last=7)
    for n in range(5):
        sqe("job-operands-%d" % n, "%d operands in the message" % n, "JOB", base(n))
    for n in (5, 256, 0xFFFF):
        sqe("job-operands-%d" % n, "a message holds four", "JOB", dict(base(4), operands=n), "BAD_FIELD")
    for n in range(4):
        for f, x in (("buffer", 1), ("access", 1), ("offset", 1), ("length", 1)):
            sqe("job-%d-operands-unused-%s" % (n, f), "unused operands are zero", "JOB",
                dict(base(n), **{"operand.%d.%s" % (n, f): x}), "BAD_FIELD", "B-MSG-1 F-MSG-1")
        sqe("job-%d-operands-unused-buffer-65535" % n, "an unused operand names no buffer", "JOB",
            dict(base(n), **{"operand.%d.buffer" % n: 65535}), "BAD_FIELD", "B-MSG-1 F-MSG-1")
    for i in range(4):
        sqe("job-operands-5-buffer-%d" % i, "with too many operands, all four are named", "JOB",
            dict(base(4), **{"operands": 5, "operand.%d.buffer" % i: 64}), "BAD_OBJECT")
    sqe("job-last-unused-operand", "the last byte of the last operand", "JOB", base(1), "BAD_FIELD", "B-MSG-1 F-MSG-1",
        raw={119: b"\x80"})
    for i in range(4):
        for b, want in ((0, "OK"), (63, "OK"), (64, "BAD_OBJECT"), (0xFFFF, "BAD_OBJECT")):
            sqe("job-operand-%d-buffer-%d" % (i, b), "buffer %d of max-buffers" % b, "JOB",
                dict(base(4), **{"operand.%d.buffer" % i: b}), want)
        for a, want in ((0, "BAD_FIELD"), (1, "OK"), (2, "OK"), (3, "OK"), (4, "BAD_FIELD"), (0x8001, "BAD_FIELD")):
            sqe("job-operand-%d-access-%d" % (i, a), "access %d" % a, "JOB",
                dict(base(4), **{"operand.%d.access" % i: a}), want)
        sqe("job-operand-%d-wraps" % i, "offset and length wrap around", "JOB",
            dict(base(4), **{"operand.%d.offset" % i: NONE, "operand.%d.length" % i: 1}), "BAD_RANGE")
    for o, n, want in ((0, 0, "OK"), (0, 0x4000000, "OK"), (0x4000000, 0, "OK"), (0x3FFFFFF, 1, "OK"), (1, 0x3FFFFFF, "OK"),
                       (0, 0x4000001, "BAD_RANGE"), (0x4000001, 0, "BAD_RANGE"), (0x4000000, 1, "BAD_RANGE"),
                       (NONE, 0, "BAD_RANGE"), (0, NONE, "BAD_RANGE"), (1, NONE, "BAD_RANGE"), (NONE, NONE, "BAD_RANGE"),
                       (0x80000000, 0x80000000, "BAD_RANGE")):
        sqe("job-piece-%x-%x" % (o, n), "a piece that ends at %x" % (o + n), "JOB", op0(offset=o, length=n), want)
    sqe("job-buffer-65535", "the highest buffer that can exist", "JOB", op0(buffer=65535), limits={"max-buffers": 65536})
    for us, want in ((0, "OK"), (1, "OK"), (1000000, "OK"), (1000001, "BAD_FIELD"), (NONE, "BAD_FIELD")):
        sqe("job-run-limit-%d" % us, "run limit %d us of max-run-limit-us" % us, "JOB", base(run_limit_us=us), want)
    for us in (0, 1, NONE):
        sqe("job-start-limit-%d" % us, "start limit %d us" % us, "JOB", base(start_limit_us=us))
    # waits
    w = dict(start_limit_us=500, wait_context=3, wait_value=77)
    sqe("job-wait", "waits for another context", "JOB", base(**w), rules="B-TIME-4", flags=1)
    sqe("job-wait-own-context", "waits for its own context", "JOB", base(**dict(w, wait_context=2)), flags=1)
    sqe("job-wait-zero", "waits for what is always reached", "JOB", base(start_limit_us=1), flags=1)
    sqe("job-wait-without-limit", "a wait is bounded", "JOB", base(**dict(w, start_limit_us=0)), "BAD_FIELD",
        "B-MSG-1 B-TIME-4", flags=1)
    for c, want in ((0, "OK"), (15, "OK"), (16, "BAD_OBJECT"), (NONE, "BAD_OBJECT")):
        sqe("job-wait-context-%d" % c, "wait_context %d of max-contexts" % c, "JOB", base(**dict(w, wait_context=c)),
            want, flags=1)
    for k, x in (("wait_context", 1), ("wait_value", 1), ("wait_value", 1 << 63)):
        sqe("job-no-wait-%s-%d" % (k.replace("_", "-"), x), "unused without WAIT", "JOB",
            base(start_limit_us=500, **{k: x}), "BAD_FIELD", "B-MSG-1 F-MSG-1")
    sqe("job-no-wait-device", "unused without WAIT", "JOB", base(start_limit_us=500, wait_device=1), "BAD_FIELD",
        "B-MSG-1 F-MSG-1", cross)
    sqe("job-wait-device", "waits for another device", "JOB", base(**dict(w, wait_device=1)), limits=cross, flags=1)
    sqe("job-wait-device-context", "the other device has its own bound of contexts", "JOB",
        base(**dict(w, wait_device=NONE, wait_context=65535)), limits=cross, flags=1)
    sqe("job-wait-device-not-negotiated", "another device needs feature-cross-timeline", "JOB",
        base(**dict(w, wait_device=1)), "NOT_SUPPORTED",
        limits={"features": "journal,save-area,digest-load,firmware-signature"}, flags=1)
    sqe("job-feature-before-index", "features are judged before indexes", "JOB",
        base(**dict(w, wait_device=1, context=99)), "NOT_SUPPORTED", flags=1)
    # signals
    for x in (0, 1, 0xFFFFFFFFFFFFFFFF):
        sqe("job-signal-%x" % x, "signals %d" % x, "JOB", base(signal_value=x), rules="B-TIME-1", flags=2)
    sqe("job-no-signal-value", "unused without SIGNAL", "JOB", base(signal_value=1), "BAD_FIELD", "B-MSG-1 F-MSG-1")
    sqe("job-restartable", "may run again", "JOB", base(2), flags=8)
    sqe("job-all-flags", "everything at once", "JOB",
        dict(op0(buffer=9, access=1, offset=24, length=36), start_limit_us=9, wait_context=4, wait_value=5,
             signal_value=6), flags=15)
    # tables
    def table(**kw):
        return op0(**dict(dict(buffer=9, access=1, offset=0, length=12), **kw))
    for n, want in ((0, "BAD_FIELD"), (1, "BAD_FIELD"), (11, "BAD_FIELD"), (12, "OK"), (13, "BAD_FIELD"), (24, "OK"),
                    (192, "OK"), (193, "BAD_FIELD"), (204, "NO_QUOTA"), (0x3FFFFFC, "NO_QUOTA"),
                    (0x4000008, "BAD_RANGE"), (0xFFFFFFFC, "BAD_RANGE"), (NONE, "BAD_FIELD")):
        sqe("job-table-length-%d" % n, "a table of %d bytes, max-operands is 16" % n, "JOB", table(length=n), want,
            "B-MSG-1 B-JOB-1", flags=4)
    for a in (0, 2, 3, 4):
        sqe("job-table-access-%d" % a, "a table has access READ alone", "JOB", table(access=a), "BAD_FIELD",
            "B-MSG-1 B-JOB-1", flags=4)
    for n in (0, 2, 4, 5):
        v = dict(table(), operands=n)
        if n in (2, 4):
            v = dict(base(n), **{k: x for k, x in table().items() if k.startswith("operand.0")})
        sqe("job-table-operands-%d" % n, "a table is the only operand of its message", "JOB", v, "BAD_FIELD",
            "B-MSG-1 B-JOB-1", flags=4)
    sqe("job-table-buffer", "the table's buffer is judged too", "JOB", table(buffer=64), "BAD_OBJECT", flags=4)
    sqe("job-table-wraps", "offset and length wrap around", "JOB", table(offset=0xFFFFFFF4), "BAD_RANGE", flags=4)
    sqe("job-table-range-before-quota", "wraps around, and too long", "JOB", table(offset=NONE, length=0xFFFFFFFC),
        "BAD_RANGE", flags=4)
    sqe("job-table-any-offset", "a table needs no alignment", "JOB", table(offset=1), flags=4)
    sqe("job-table-most", "a table of 4096 operands", "JOB", table(length=49152), limits={"max-operands": 4096}, flags=4)
    # order of checks
    sqe("job-flags-before-index", "flags are judged before indexes", "JOB", base(context=99), "BAD_FIELD", flags=0x10)
    sqe("job-reserved-before-feature", "reserved fields are judged before features", "JOB",
        base(**dict(w, wait_device=1)), "BAD_FIELD", raw={120: b"\x01"}, flags=1)
    sqe("job-index-before-field", "indexes are judged before other fields", "JOB", base(context=99, run_limit_us=NONE),
        "BAD_OBJECT")
    sqe("job-operand-index-before-field", "an operand's buffer is an index", "JOB",
        dict(op0(buffer=64), run_limit_us=NONE), "BAD_OBJECT")
    sqe("job-field-before-piece", "fields are judged before ranges", "JOB",
        dict(op0(offset=NONE, length=NONE), run_limit_us=NONE), "BAD_FIELD")
    sqe("job-all-access-before-pieces", "all fields are judged before any range", "JOB",
        dict(base(2), **{"operand.0.offset": NONE, "operand.1.access": 0}), "BAD_FIELD")
    sqe("job-access-before-piece", "fields of an operand too", "JOB", op0(access=0, offset=NONE, length=NONE),
        "BAD_FIELD")
    sqe("job-unused-before-piece", "an unused operand is a field", "JOB",
        dict(op0(offset=NONE, length=NONE), **{"operand.3.length": 1}), "BAD_FIELD")


def operand():
    open_file("operand.vec", "operands of a table, and pieces in buffers")

    def one(name, about, v, expect="OK", rules="B-JOB-1", inside=None):
        data = pack(OPERAND, v, 12)
        head = ["message operand"]
        if inside:
            head += ["buffer-bytes %d" % inside[0], "buffer-access %d" % inside[1]]
        write("operand-" + name, about, rules, head, data, expect, lines_of(OPERAND, v) if expect == "OK" else [], ())

    g = {"buffer": 3, "access": 1, "offset": 16, "length": 32}
    one("good", "an operand of a table", g)
    for b, want in ((0, "OK"), (63, "OK"), (64, "BAD_OBJECT"), (0xFFFF, "BAD_OBJECT")):
        one("buffer-%d" % b, "buffer %d of max-buffers" % b, dict(g, buffer=b), want)
    for a, want in ((0, "BAD_FIELD"), (2, "OK"), (3, "OK"), (4, "BAD_FIELD"), (0xFFFF, "BAD_FIELD")):
        one("access-%d" % a, "access %d" % a, dict(g, access=a), want)
    one("wraps", "offset and length wrap around", dict(g, offset=NONE), "BAD_RANGE")
    one("index-first", "the index is judged first", dict(g, buffer=64, access=0, offset=NONE), "BAD_OBJECT")
    for o, n, size, want in ((0, 4096, 4096, "OK"), (0, 4097, 4096, "BAD_RANGE"), (4095, 1, 4096, "OK"),
                             (4096, 0, 4096, "OK"), (4097, 0, 4096, "BAD_RANGE"), (4096, 1, 4096, "BAD_RANGE"),
                             (0x3FFFFFF, 1, 0x4000000, "OK"), (0x4000000, 1, 0x4000000, "BAD_RANGE"),
                             (0xFFFFFFFE, 1, 0x4000000, "BAD_RANGE")):
        one("piece-%d-%d-of-%d" % (o, n, size), "a piece of a buffer of %d bytes" % size, dict(g, offset=o, length=n),
            want, "B-JOB-2 B-MSG-1", (size, 3))
    for a, b, want in ((1, 1, "OK"), (2, 2, "OK"), (3, 3, "OK"), (1, 3, "OK"), (2, 3, "OK"), (2, 1, "BAD_ACCESS"),
                       (1, 2, "BAD_ACCESS"), (3, 1, "BAD_ACCESS"), (3, 2, "BAD_ACCESS")):
        one("access-%d-of-%d" % (a, b), "access %d to a buffer of access %d" % (a, b), dict(g, access=a), want,
            "B-JOB-2 B-MSG-1", (4096, b))
    one("range-before-access", "range is judged before access", dict(g, access=3, length=4096), "BAD_RANGE", "B-MSG-1",
        (4096, 1))


STATUS = ["OK", "FAILED", "FAULT", "TIMED_OUT", "EXPIRED", "CANCELLED", "LOST"] + [None] * 9 + [
    "BAD_OP", "BAD_FIELD", "BAD_OBJECT", "IN_USE", "BAD_RANGE", "BAD_ACCESS", "BAD_GRANT", "BAD_DIGEST", "BAD_IMAGE",
    "NO_QUOTA", "DENIED", "NOT_SUPPORTED", "NOT_FOUND", "STOPPED", "NO_MEMORY"]


def completion():
    open_file("completion.vec", "completions")

    def one(name, about, v, expect="OK", rules="F-DONE-1 B-DONE-1", raw=None, flips=()):
        full = dict({"id": 0x1122334455667788, "slot": 5, "result": 0x99}, **v)
        data = pack(CQE, full, 32)
        for offset, b in (raw or {}).items():
            data[offset:offset + len(b)] = b
        write("completion-" + name, about, rules, ["message completion"], data, expect,
              lines_of(CQE, full) if expect == "OK" else [], flips)

    for n, s in enumerate(STATUS):
        if s:
            one(s.lower().replace("_", "-"), "status %d" % n, {"status": n})
        else:
            one("status-%d" % n, "status %d does not exist" % n, {"status": n}, "broken status")
    for n in (31, 255, 256, 0x8000, 0xFFFF):
        one("status-%d" % n, "status %d does not exist" % n, {"status": n}, "broken status", "F-DONE-1 F-VER-1")
    one("started", "a job that ran", {"flags": 1, "waited_us": 12, "ran_us": 345})
    one("preempted", "a job that was paused", {"flags": 3, "waited_us": 12, "ran_us": 345})
    one("longest", "times that do not fit", {"flags": 1, "waited_us": NONE, "ran_us": NONE, "result": 2**64 - 1})
    one("fault-write", "a write to 0x20001000", {"status": 2, "flags": 1, "result": 2 << 32 | 0x20001000})
    one("each-bit", "each reserved bit, unknown flag, and what is not judged here", {}, rules="F-DONE-1 F-VER-1",
        flips=[bits(0, 10) + ("OK",), (96, 97, "OK"), (98, 127, "broken reserved"), bits(16, 16) + ("OK",)])
    one("reserved-before-status", "reserved bits are judged first", {"status": 9, "flags": 4}, "broken reserved")


def event():
    open_file("event.vec", "events")

    def one(name, about, v, expect="OK", rules="F-EVENT-1 B-DONE-1", flips=()):
        full = dict({"sequence": 1}, **v)
        write("event-" + name, about, rules, ["message event"], pack(EVENT, full, 32), expect,
              lines_of(EVENT, full) if expect == "OK" else [], flips)

    for n, s in ((1, "running"), (2, "paused"), (3, "stopped")):
        one("device-" + s, "the coprocessor is " + s, {"type": 1, "value": n})
    for n in (0, 4, 1 << 32 | 1, 2**64 - 1):
        one("device-%d" % n, "no such state of a device", {"type": 1, "value": n}, "broken status")
    for n, s in enumerate(STATUS[:7]):
        if s in ("FAULT", "TIMED_OUT", "CANCELLED", "LOST"):
            one("ctx-reset-" + s.lower().replace("_", "-"), "a context was reset", {"type": 2, "status": n, "object": 3,
                "value": 2, "sequence": 9})
    one("fw-revoked", "firmware 2 was revoked", {"type": 3, "object": 2})
    one("limits", "the toolstack changed something", {"type": 4})
    one("lost", "three were lost before this one", {"type": 4, "sequence": 132, "lost": 3}, rules="F-EVENT-2 B-EVENT-1")
    one("sequence-wraps", "the sequence number wraps around", {"type": 4, "sequence": 0, "lost": NONE},
        rules="B-EVENT-2")
    for n in (0, 5, 256, 0xFFFF):
        one("type-%d" % n, "no such type", {"type": n}, "broken status", "F-EVENT-1 F-VER-1")
    for n in (7, 15, 31, 0xFFFF):
        one("status-%d" % n, "no such status", {"type": 2, "status": n}, "broken status", "F-EVENT-1 F-VER-1")
    one("each-bit", "each reserved bit, and what is not judged here", {"type": 2, "status": 2, "object": 1, "value": 1},
        flips=[bits(0, 8) + ("OK",), bits(12, 4) + ("OK",), bits(16, 8) + ("OK",), bits(24, 8) + ("broken reserved",)])


for part in (nop, queue_open, small, buf_register, fw_load, job, operand, completion, event):
    part()
out.close()
print("%d vectors" % count, file=sys.stderr)
