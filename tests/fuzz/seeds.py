#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Inputs to begin with, made from what the project has already.

    seeds.py OUT        OUT/<target>/<name>, and OUT/<target>.dict

Vectors become inputs of "request", traces of "ring", talks of "session", nodes
and their words inputs and a dictionary of "nodes", and so on.  The formats are
those that each target's first comment tells.
"""
import glob
import os
import re
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scripts  # noqa: E402  (it lies beside this file)

FEATURES = ["journal", "save-area", "cross-timeline", "digest-load", "firmware-signature"]


def blocks(path):
    """The blocks of a .vec, .trace or .talk: lists of (key, rest)."""
    block = []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("#"):
            continue
        if not line:
            if block:
                yield block
            block = []
            continue
        key, _, rest = line.partition(" ")
        block.append((key, rest))
    if block:
        yield block


class Out:
    def __init__(self, root):
        self.root = root

    def seed(self, target, name, data):
        folder = os.path.join(self.root, target)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, re.sub(r"[^A-Za-z0-9._-]", "-", name)), "wb") as f:
            f.write(bytes(data))

    def dictionary(self, target, words):
        os.makedirs(self.root, exist_ok=True)
        with open(os.path.join(self.root, target + ".dict"), "w", encoding="ascii") as f:
            for word in sorted(set(words)):
                data = word if isinstance(word, bytes) else word.encode()
                if data:
                    f.write('"%s"\n' % "".join("\\x%02x" % b for b in data))


def vectors(out):
    kinds = {"operand": 2, "completion": 3, "event": 4}
    for path in sorted(glob.glob("protocol/vectors/*.vec")):
        for block in blocks(path):
            d = dict(block)
            kind = kinds.get(d["message"], 0 if d.get("queue") == "control" else 1)
            features, qclass = 0, 0
            for key, rest in block:
                name, _, value = rest.partition(" ")
                if key == "limit" and name == "features" and value != "none":
                    features = sum(1 << FEATURES.index(f) for f in value.split(","))
                if key == "limit" and name == "max-class":
                    qclass = {"realtime": 3, "normal": 1, "batch": 2}[value]
            data = bytes.fromhex("".join(r for k, r in block if k == "hex").replace(" ", ""))
            out.seed("request", d["vector"], bytes([kind, 0, features, qclass, 0]) + data)


def trace_ops(block):
    """A queue trace as operations of "ring"; what they expect is the model's to say."""
    server, ops = True, bytearray()
    for key, rest in block:
        words = rest.split()
        number = [int(w, 0) for w in words if re.fullmatch(r"(0x)?[0-9a-fA-F]+", w) and (w[:2] == "0x" or w.isdigit())]
        if key == "queue":
            server = words[0] == "server"
            ops = bytearray([server | (int(words[1], 0).bit_length() - 6) << 1])
        elif key in ("submit", "submit-all"):
            for i in range(number[1] if key == "submit-all" else 1):
                ops += bytes([2]) + struct.pack("<H", (number[0] + i) & 0xffff)
        elif key in ("take", "take-all"):
            ops += bytes([3]) * (number[1] if key == "take-all" else 1)
        elif key in ("complete", "complete-all"):
            for i in range(number[1] if key == "complete-all" else 1):
                ops += bytes([5]) + struct.pack("<HBB", (number[0] + i) & 0xffff, 0, 0)
        elif key in ("put", "put-all"):
            for i in range(number[1] if len(number) > 1 else 1):
                ops += bytes([5, (number[0] + i if number else 0) & 0xff])
        elif key.startswith("answer"):
            ops += bytes([2, 0, 0]) if key == "answer" else bytes([1, 0]) + bytes(32)
        elif key == "publish":
            ops += bytes([6])
        elif key == "peer-consumed":
            ops += bytes([0, 4]) + struct.pack("<I", number[0])
        elif key == "cq-index":
            ops += bytes([0, 4]) + struct.pack("<I", number[0])
    return bytes(ops + bytes([7]))


def traces(out):
    for block in blocks("protocol/vectors/queue.trace"):
        if any(k == "queue" for k, _ in block):
            out.seed("ring", dict(block)["trace"], trace_ops(block))


def nodes(out):
    words, names = [], []
    for line in open("xenstore-schema/nodes.tbl", encoding="utf-8"):
        if line.startswith("#") or not line.strip():
            continue
        words += re.findall(r"[A-Za-z0-9_.-]+", line.split("|")[0])[:12]
    text = open("xenstore-schema/node-table.c", encoding="utf-8").read()
    names = re.findall(r'\.name = "([^"]*)"', text)
    for w in re.findall(r'\.words = "([^"]*)"', text):
        words += w.split("|")
    words += ["0", "1", "2", "30", "31", "65536", "65537", "4294967295", "18446744073709551615", "1,2",
              "1,99999999999", "00", "-1", "+1", " 1", "1 ", "/local/domain/0/backend/vcoproc/1/0", "//", "/a/"]
    out.dictionary("nodes", words + names)
    out.seed("nodes", "honest", bytes([255]) + b"4")
    out.seed("nodes", "states", bytes([255]) + bytes(range(64)))
    for i, _ in enumerate(names or range(52)):
        for j, value in enumerate(("1", "0", "9", "100", "65536", "4294967296", "a", "")):
            out.seed("nodes", "node-%d-%d" % (i, j), bytes([i, len(value)]) + value.encode() + bytes([255]))
        out.seed("nodes", "absent-%d" % i, bytes([128 + i, 0, 255]))


def elf(segments, entry=0x101, flags=0x05000000):
    """A small ELF32 for ARM: [(type, offset is chosen, vaddr, paddr, data, memsz, flags)]."""
    head = 52 + 32 * len(segments)
    table, body = b"", b""
    for kind, vaddr, paddr, data, memsz, pflags in segments:
        table += struct.pack("<8I", kind, head + len(body), vaddr, paddr, len(data), memsz, pflags, 4)
        body += data
    return (b"\x7fELF\x01\x01\x01" + bytes(9) +
            struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, entry, 52, 0, flags, 52, 32, len(segments), 0, 0, 0) +
            table + body)


def images(out):
    code = struct.pack("<II", 0x20001000, 0x101) + bytes(0xf8) + b"\x00\xbf\xfe\xe7" * 4
    out.seed("elf", "code", elf([(1, 0, 0, code, len(code), 5)]))
    out.seed("elf", "code-and-data", elf([(1, 0, 0, code, len(code), 5),
                                          (1, 0x20000000, 0x1000, b"data" * 4, 64, 6)]))
    out.seed("elf", "ram", elf([(1, 0, 0, code, len(code), 5), (1, 0x20000100, 0x20000100, b"ram!" * 4, 16, 6)]))
    out.seed("elf", "edge", elf([(1, 0, 0, code, len(code), 5), (1, 0x2007fff0, 0x2007fff0, b"edge" * 4, 16, 6),
                                 (1, 0x7fff0, 0x7fff0, b"rom!" * 4, 16, 4)]))
    out.seed("elf", "overlap", elf([(1, 0, 0, code, len(code), 5), (1, 0x10, 0x10, b"over" * 4, 16, 4)]))
    out.seed("elf", "dynamic", elf([(1, 0, 0, code, len(code), 5), (2, 0x2000, 0x2000, b"", 8, 4)]))
    out.dictionary("elf", [b"\x7fELF", struct.pack("<I", 0x20000000), struct.pack("<I", 0x2007ffff),
                           struct.pack("<I", 0x80000), struct.pack("<I", 0x7ffff), b"\xff\xff\xff\xff",
                           struct.pack("<I", 0x05000000)])


def config(out):
    example = open("backend/coprocd.conf.example", encoding="utf-8").read()
    words = re.findall(r'CFG_[A-Z_]+\("([^"]+)"', open("backend/config.c", encoding="utf-8").read())
    out.seed("config", "example", example.encode())
    bare = "\n".join(l.lstrip("#") for l in example.splitlines() if re.match(r"#?\s*[a-z-]+ = |.*[{}]", l))
    out.seed("config", "all-options", bare.encode())
    out.seed("config", "small", b'coprocessor "m4" { engine = "cortex-m" }\n')
    for word in words:
        for value in ("5", "99", "99999999999", "text", "{1, 2}"):
            out.seed("config", "option-%s-%s" % (word, value),
                     ('coprocessor a { engine = null %s = %s }' % (word, value)).encode())
    out.dictionary("config", words + ['"', "{", "}", "=", "+=", "#", "//", "/*", "*/", "\\", "include(", "${HOME}",
                                      "sha256:", "true", "0x", "coprocessor", "wfq", "null", "'"])


def options(out):
    text = open("frontend/user/run-options.c", encoding="utf-8").read()
    names = ["--" + n for n in re.findall(r'\{ "([a-z-]+)",', text)]
    head = struct.pack("<IQ", 5000, 77)
    out.seed("options", "files", head + b"fw.elf\0in\0out\0")
    for name in names:
        for value in (b"1", b"4K", b"normal", b"result"):
            out.seed("options", name + value.decode(), head + name.encode() + b"\0" + value + b"\0fw\0in\0out\0")
    out.seed("options", "pieces", head + b"--chunk\0100\0--jobs\07\0fw\0in\0out\0")
    out.seed("options", "jobs", head + b"--jobs\07\0--output-size\064\0fw\0in\0out\0")
    out.dictionary("options", names + ["realtime", "normal", "batch", "elf", "onnx", "same", "result", "K", "M",
                                       "0x", "18446744073709551616", "-", "1e9", "nan", "inf"])


def main():
    out = Out(sys.argv[1])
    for make in (vectors, traces, nodes, images, config, options):
        make(out)
    scripts.make(out, blocks)


main()
