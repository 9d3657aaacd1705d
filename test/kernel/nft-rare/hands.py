#!/usr/bin/env python3
"""Plays rows of rules and packets on the kernel of this network namespace.

The wires are tap devices: a frame that is written into one is done with when the write returns, and what the kernel sends
can be read at once. Standard input: {"wires": {NAME: MAC}, "setUp": [SHELL], "show": [SHELL], "rows": [{"rules": TEXT,
"setUp": SHELL, "packets": [...]}]}. A packet is {"bytes": HEX, "at": WIRE} or {"bytes": HEX, "to": ADDRESS, "mark": N}.
Standard output: {"shown": [TEXT], "rows": [...]}; of a row that nft refuses {"refused": TEXT}, of others what nft lists
before the first packet, and of each packet the frames that left, and the comments of the rules that counted it.
"""

import ctypes
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 2, 0x1000
SO_MARK = 36
IPV6_HDRINCL = 36
COUNTED = re.compile(r'counter packets (\d+) bytes \d+.* comment "([^"]+)"')
# behind all of a row's own chains
JUDGE = """table inet judge {
chain delivered { type filter hook input priority 2147483646; counter comment "delivered"; }
}"""


def open_wire(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def run(command, given=None):
    return subprocess.run(command, input=given, capture_output=True, text=True, shell=isinstance(command, str))


def nft(text):
    """What it says against it."""
    return run(["nft", "-f", "-"], text).stderr


def counters():
    return {name: int(packets) for packets, name in COUNTED.findall(run(["nft", "list", "ruleset"]).stdout)}


class Hands:
    def __init__(self, wires):
        self.wires = {name: open_wire(name) for name in wires}
        self.own = {
            4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }
        self.own[6].setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)

    def send(self, packet):
        data = bytes.fromhex(packet["bytes"])
        if "at" in packet:
            os.write(self.wires[packet["at"]], data)
            return
        own = self.own[data[0] >> 4]
        own.setsockopt(socket.SOL_SOCKET, SO_MARK, packet.get("mark", 0))
        try:
            own.sendto(data, (packet["to"], 0))
        except OSError:
            # a rule or a route refuses it
            pass

    def take(self):
        """The frames that left since."""
        frames = []
        for name, fd in self.wires.items():
            while True:
                try:
                    frames.append({"at": name, "bytes": os.read(fd, 65536).hex()})
                except BlockingIOError:
                    break
        return frames

    def play(self, row):
        nft("flush ruleset")
        run("conntrack -F")
        run(row.get("setUp", ""))
        refused = nft(row["rules"])
        if refused:
            return {"refused": refused}
        listed = run(["nft", "list", "ruleset"]).stdout
        nft(JUDGE)
        self.take()
        before = counters()
        told = []
        for packet in row["packets"]:
            time.sleep(packet.get("after", 0))
            self.send(packet)
            left = self.take()
            now = counters()
            told.append({"left": left, "counted": [name for name in now if now[name] != before.get(name, 0)]})
            before = now
        return {"listed": listed, "packets": told}


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = json.load(sys.stdin)
    hands = Hands(given["wires"])
    for command in given["setUp"]:
        done = run(command)
        if done.returncode != 0:
            sys.exit(f"{command}: {done.stderr}")
    # groups are joined once a link is up, and routers told so
    time.sleep(1)
    shown = [run(command).stdout for command in given["show"]]
    json.dump({"shown": shown, "rows": [hands.play(row) for row in given["rows"]]}, sys.stdout)


main()
