"""Sends packets as they are told on standard input, one JSON object a line; prints how many. With their own headers, so that they may be wrong."""

import json
import socket
import struct
import sys
import time


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def transport(spec, src, dst, family):
    protocol = spec["protocol"]
    data = b"x" * spec.get("data", 8)
    wrong = spec.get("wrong", 0)
    if protocol == 17:
        header = struct.pack("!HHHH", spec["sport"], spec["dport"], 8 + len(data), 0)
        at = 6
    elif protocol == 6:
        flags = spec.get("flags", 2)
        header = struct.pack("!HHIIBBHHH", spec["sport"], spec["dport"], spec["id"], 0, 0x50, flags, 1024, 0, 0)
        at = 16
        data = b""
    elif protocol in (1, 58):
        header = struct.pack("!BBHHH", 8 if protocol == 1 else 128, 0, 0, spec["id"], 1)
        at = 2
    else:
        return data
    size = len(header) + len(data)
    if protocol == 1:
        pseudo = b""
    elif family == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, protocol, size)
    else:
        pseudo = src + dst + struct.pack("!IBBBB", size, 0, 0, 0, protocol)
    value = (checksum(pseudo + header + data) + wrong) & 0xFFFF
    return header[:at] + struct.pack("!H", value) + header[at + 2 :] + data


def packet(spec):
    family = 6 if ":" in spec["dst"] else 4
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    src, dst = socket.inet_pton(kind, spec["src"]), socket.inet_pton(kind, spec["dst"])
    payload = transport(spec, src, dst, family)
    ttl = spec.get("ttl", 64)
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), spec["protocol"], ttl) + src + dst + payload
    fragment = 0x4000 if spec.get("df") else 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), spec["id"], fragment, ttl, spec["protocol"], 0)
    return head + src + dst + payload


sockets = {
    False: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
    True: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
}
sent = 0
for line in sys.stdin:
    spec = json.loads(line)
    via = sockets[":" in spec["dst"]]
    data = packet(spec)
    time.sleep(spec.get("pause", 0) / 1000)
    for _ in range(spec.get("times", 1)):
        via.sendto(data, (spec["dst"], 0))
        sent += 1
print(sent)
