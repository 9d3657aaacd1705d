#!/usr/bin/env python3
"""Plays rows of rules and packets on the kernel of this network namespace.

The wires are tap devices: a frame that is written into one is done with when the write returns, and what the kernel sends
can be read at once. Standard input: {"wires": {NAME: MAC}, "setUp": [SHELL], "show": [SHELL], "rows": [{"rules": TEXT,
"setUp": SHELL, "isLenient": BOOLEAN, "packets": [...]}]}. A packet is {"bytes": HEX, "at": WIRE} or {"bytes": HEX, "to": ADDRESS, "mark": N}.
Standard output: {"shown": [TEXT], "rows": [...]}; of a row that nft refuses {"refused": TEXT}, of others the rules that
nft took, what it lists before the first packet, and of each packet the frames that left, and the comments of the rules that counted it.
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
# of what is sent here; the kernel's own answers have another
PRIORITY = 77
# behind all of a row's own chains; and in front of them, where an answer ends
JUDGE = f"""table inet judge {{
chain delivered {{ type filter hook input priority 2147483646; counter comment "delivered"; }}
chain answered {{
type filter hook output priority -2147483648;
icmp type redirect drop
icmpv6 type nd-redirect drop
meta priority != {PRIORITY} counter drop comment "answered"
}}
}}"""


def open_wire(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def run(command, given=None):
    return subprocess.run(command, input=given, capture_output=True, text=True, shell=isinstance(command, str))


class Nft:
    """nft's own library: a process for each listing would take most of the time."""

    def __init__(self):
        library = ctypes.CDLL("libnftables.so.1")
        library.nft_ctx_new.restype = ctypes.c_void_p
        for said in (library.nft_ctx_get_output_buffer, library.nft_ctx_get_error_buffer):
            said.restype = ctypes.c_char_p
            said.argtypes = [ctypes.c_void_p]
        for takes in (library.nft_ctx_buffer_output, library.nft_ctx_buffer_error):
            takes.argtypes = [ctypes.c_void_p]
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self.library = library
        self.context = ctypes.c_void_p(library.nft_ctx_new(0))
        library.nft_ctx_buffer_output(self.context)
        library.nft_ctx_buffer_error(self.context)

    def load(self, text):
        self.library.nft_run_cmd_from_buffer(self.context, text.encode())
        self.library.nft_ctx_get_output_buffer(self.context)
        self.library.nft_ctx_get_error_buffer(self.context)

    def listed(self):
        self.library.nft_run_cmd_from_buffer(self.context, b"list ruleset")
        self.library.nft_ctx_get_error_buffer(self.context)
        return self.library.nft_ctx_get_output_buffer(self.context).decode()

    def counters(self):
        return {name: int(packets) for packets, name in COUNTED.findall(self.listed())}


def refused_entries():
    """How often connection tracking has not taken a new connection (__nf_conntrack_confirm)."""
    try:
        with open("/proc/self/net/stat/nf_conntrack") as file:
            names, *processors = [line.split() for line in file]
    except FileNotFoundError:
        return 0
    return sum(int(one[names.index("insert_failed")], 16) for one in processors)


def load(rules, is_lenient):
    """Without the rules that nft refuses, if that may be: they have a line each, with a comment at its end."""
    while True:
        loaded = run(["nft", "-f", "-"], rules)
        at = re.match(r"/dev/stdin:(\d+):", loaded.stderr)
        lines = rules.split("\n")
        if not is_lenient or loaded.returncode == 0 or not at or 'comment "' not in lines[int(at[1]) - 1]:
            return rules, loaded
        del lines[int(at[1]) - 1]
        rules = "\n".join(lines)


class Hands:
    def __init__(self, wires):
        self.wires = {name: open_wire(name) for name in wires}
        self.own = {
            4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }
        for own in self.own.values():
            own.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, PRIORITY)
        self.nft = Nft()
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
        self.nft.load("flush ruleset")
        run(["conntrack", "-F"])
        if row.get("setUp"):
            run(row["setUp"])
        # processes of their own: with some rules nft fails an assertion, when it loads them or when it lists them
        rules, loaded = load(row["rules"], row.get("isLenient"))
        listing = run(["nft", "list", "ruleset"])
        for done in (loaded, listing):
            if done.returncode != 0:
                return {"refused": done.stderr or "nft failed"}
        listed = listing.stdout
        self.nft.load(JUDGE)
        self.take()
        before = self.nft.counters()
        told = []
        unkept = refused_entries()
        for packet in row["packets"]:
            if packet.get("after"):
                time.sleep(packet["after"])
            # within one jiffy the kernel may count a connection twice (nf_conncount_add)
            if "ct count" in rules:
                time.sleep(0.005)
            self.send(packet)
            left = self.take()
            now = self.nft.counters()
            counted = [name for name in now if now[name] != before.get(name, 0)]
            # behind every chain, connection tracking drops what it cannot keep apart from another connection
            earlier, unkept = unkept, refused_entries()
            if unkept != earlier and "delivered" in counted:
                counted.remove("delivered")
            told.append({"left": left, "counted": counted})
            before = now
        return {"loaded": rules, "listed": listed, "packets": told}


def main():
    # one of them, and not always the same: others may run beside
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[os.getpid() % len(cpus)]})
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
