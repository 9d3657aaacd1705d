#!/usr/bin/env python3
"""Sends packets one by one in this network namespace, and tells which rules have counted each.

Standard input: {"packets": [...], "probe": {"ip": HEX, "ip6": HEX}, "wire": NAME, "nft": BOOL}. A packet is {"bytes": HEX,
"family": "ip" | "ip6", "mark": N} and either "wire": NAME, a frame to be put onto that wire, or "to": ADDRESS and
"uid": N, an IP packet that this host sends. Standard output: for each packet the places of the rules that counted it,
in the order of `iptables-save -t mangle`; with "nft", the numbers that are the comments of nft's rules that count.
"""

import ctypes
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL = 3
SO_MARK = 36
IPV6_HDRINCL = 36
# a rule that counts this mark tells that what was sent before it is done with
PROBE_MARK = 0x40000000
TOOLS = {"ip": "iptables-legacy-save", "ip6": "ip6tables-legacy-save"}
FAMILIES = {"ip": socket.AF_INET, "ip6": socket.AF_INET6}
libc = ctypes.CDLL(None, use_errno=True)
COUNTED = re.compile(rb"^\[(\d+):\d+\] -A (\S+)", re.M)


class Counters:
    """Those of one family; the first rule counts probes."""

    def __init__(self, family):
        self.tool = TOOLS[family]
        self.last = self.read()

    def read(self):
        saved = subprocess.run([self.tool, "-c", "-t", "mangle"], capture_output=True, check=True).stdout
        return [int(packets) for packets, _ in COUNTED.findall(saved)]

    def take(self):
        """The rules that have counted something since."""
        deadline = time.monotonic() + 5
        while True:
            now = self.read()
            if now[0] != self.last[0]:
                break
            if time.monotonic() > deadline:
                raise TimeoutError("the probe was never counted")
        counted = [place for place, (new, old) in enumerate(zip(now, self.last)) if new != old and place > 0]
        self.last = now
        return counted


NFT_COUNTED = re.compile(rb'counter packets (\d+) bytes \d+.* comment "(\d+)"')


class NftCounters(Counters):
    """Those of all rules with a comment; number 0 counts probes."""

    def __init__(self):
        self.last = self.read()

    def read(self):
        listed = subprocess.run(["nft", "list", "table", "inet", "counted"], capture_output=True, check=True).stdout
        found = {int(number): int(packets) for packets, number in NFT_COUNTED.findall(listed)}
        return [found.get(number, 0) for number in range(max(found) + 1)]


class Sender:
    def __init__(self):
        self.wires = {}
        self.own = {}

    def wire(self, name):
        if name not in self.wires:
            self.wires[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.wires[name].bind((name, 0))
        return self.wires[name]

    def host(self, family, uid):
        if (family, uid) not in self.own:
            made = self.as_user(uid, FAMILIES[family])
            if family == "ip6":
                made.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self.own[family, uid] = made
        return self.own[family, uid]

    def as_user(self, uid, family):
        """Raw sockets are root's; the capability outlives a change of the user for file accesses alone."""
        libc.setfsgid(uid)
        libc.setfsuid(uid)
        try:
            return socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        finally:
            libc.setfsuid(0)
            libc.setfsgid(0)

    def send(self, packet):
        data = bytes.fromhex(packet["bytes"])
        if "wire" in packet:
            wire = self.wire(packet["wire"])
            wire.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("I", packet["mark"]))
            wire.send(data)
            return
        own = self.host(packet["family"], packet["uid"])
        own.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("I", packet["mark"]))
        try:
            own.sendto(data, (packet["to"], 0))
        except OSError:
            # refused by a route; what it met on its way has counted it all the same
            pass


def main():
    # one of them, and not always the same: others may run beside
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[os.getpid() % len(cpus)]})
    given = json.load(sys.stdin)
    sender = Sender()
    both = NftCounters() if given.get("nft") else None
    counters = {"ip": both, "ip6": both} if both else {}
    answers = []
    for packet in given["packets"]:
        family = packet["family"]
        if family not in counters:
            counters[family] = Counters(family)
        sender.send(packet)
        sender.send({"bytes": given["probe"][family], "wire": given["wire"], "mark": PROBE_MARK})
        answers.append(counters[family].take())
    print(json.dumps(answers))


main()
