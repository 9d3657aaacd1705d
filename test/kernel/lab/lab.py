#!/usr/bin/env python3
"""The hands of the lab: two network namespaces, raw sockets in them, and a reader of the kernel log.

Reads one JSON command a line from standard input and answers each with one JSON line. It moves bytes; what they mean
is the business of lab.ts. The namespaces are held by file descriptors of this process alone, so they end with it,
however it ends.
"""

import ctypes
import errno
import fcntl
import json
import os
import secrets
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLONE_NEWNET = 0x40000000
ALL_NETNS = "/proc/sys/net/netfilter/nf_log_all_netns"
ALL_NETNS_LOCK = "/run/nfwhy-nf_log_all_netns"
ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
SO_MARK = 36
IP_PKTINFO = 8
IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS = 49, 51, 66
IPV6_PKTINFO, IPV6_HOPLIMIT, IPV6_TCLASS = 50, 52, 67
IPV6_HDRINCL = 36
# packets that each of several senders sends before the log is read
BURST = 2
# whose packets are seen when they are delivered; ICMP besides
PROTOCOLS = (6, 17, 47, 132, 253)
CPUS = sorted(os.sched_getaffinity(0))
# labs side by side begin with CPUs of their own
CPUS = CPUS[os.getpid() % len(CPUS) :] + CPUS[: os.getpid() % len(CPUS)]
libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    def __init__(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        checked(libc.unshare(CLONE_NEWNET))
        self.fd = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.shell = None
        checked(libc.setns(home, CLONE_NEWNET))
        os.close(home)

    def enter(self):
        checked(libc.setns(self.fd, CLONE_NEWNET))

    def run(self, argv, given):
        """By a shell that stays in the namespace: it starts a program faster than this process does."""
        if self.shell is None:
            self.shell = subprocess.Popen(
                ["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, preexec_fn=self.enter
            )
        paths = [os.path.join(tempfile.gettempdir(), f"{id(self)}-{end}") for end in ("in", "out", "error")]
        write(paths[0], given)
        self.shell.stdin.write("{} < {} > {} 2> {}; echo $?\n".format(shlex.join(argv), *map(shlex.quote, paths)))
        return {"status": int(self.shell.stdout.readline()), "out": text(paths[1]), "error": text(paths[2])}

    def socket(self, *kind):
        """A socket of this namespace; it stays there wherever the process goes."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            self.enter()
            made = socket.socket(*kind)
        finally:
            checked(libc.setns(home, CLONE_NEWNET))
            os.close(home)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        return made


class KernelLog:
    """What is logged from now on, of the lines that hold one of the words; what was overwritten unread is counted."""

    def __init__(self, words):
        self.words = words
        self.lost = 0
        self.lines = []
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self.skip()

    def skip(self):
        """Up to now: what others logged while nothing of ours was on its way."""
        os.lseek(self.fd, 0, os.SEEK_END)

    def read(self):
        while True:
            try:
                record = os.read(self.fd, 8192).decode("latin1")
            except OSError as error:
                if error.errno == errno.EPIPE:
                    self.lost += 1
                    continue
                if error.errno == errno.EAGAIN:
                    return
                raise
            line = record.split("\n", 1)[0]
            if any(word in line for word in self.words):
                self.lines.append(line)

    def take(self):
        self.read()
        taken = {"log": self.lines, "lost": self.lost}
        self.lines, self.lost = [], 0
        return taken


class LogOfAllNamespaces:
    """nf_log_all_netns = 1 while any lab of this machine runs; the last one puts back what the first one found."""

    def __enter__(self):
        self.lock = open(ALL_NETNS_LOCK, "a+")
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # a value that is still there was left by a lab that was killed
                if self.kept() == "":
                    self.lock.write(read(ALL_NETNS))
                    self.lock.flush()
            except BlockingIOError:
                pass
            fcntl.flock(self.lock, fcntl.LOCK_SH)
            # the last one may have put it back in between
            if self.kept() != "":
                break
        write(ALL_NETNS, "1")

    def __exit__(self, *_):
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        write(ALL_NETNS, self.kept())
        self.lock.truncate(0)

    def kept(self):
        """As it is now: what a file object has read may be older."""
        return os.pread(self.lock.fileno(), 100, 0).decode()


def text(path):
    with open(path) as file:
        return file.read()


def read(path):
    return text(path).strip()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


class Lab:
    def __init__(self):
        self.outside = Namespace()
        self.router = Namespace()
        self.links = {}
        self.delivered = {}
        self.servers = []
        self.log = None
        # what was sent on one of them is done on it
        self.used = CPUS
        self.watcher = None

    def run(self, namespace, argv, stdin=""):
        return getattr(self, namespace).run(argv, stdin)

    def namespace_path(self):
        return {"path": f"/proc/{os.getpid()}/fd/{self.router.fd}"}

    def open(self, links, words):
        """`links`: name → interface outside and the router's IPv4 address on it."""
        for name, link in links.items():
            wire = self.outside.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            wire.bind((link["interface"], ETH_P_ALL))
            self.links[name] = (wire, socket.inet_aton(link["router"]))
        for protocol in (1, *PROTOCOLS):
            self.delivered[4, protocol] = self.router.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        for protocol in (58, *PROTOCOLS):
            made = self.router.socket(socket.AF_INET6, socket.SOCK_RAW, protocol)
            for option in (IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS):
                made.setsockopt(socket.IPPROTO_IPV6, option, 1)
            self.delivered[6, protocol] = made
        self.own = {
            4: self.router.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            6: self.router.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }
        self.own[6].setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        self.log = KernelLog(words)
        os.sched_setaffinity(0, {CPUS[0]})
        return {}

    def watch(self, argv):
        """A program of the router that prints line after line while packets pass."""
        self.watcher = subprocess.Popen(argv, stdout=subprocess.PIPE, preexec_fn=self.router.enter)
        os.set_blocking(self.watcher.stdout.fileno(), False)
        self.unread = b""
        return {}

    def watched(self):
        """Its lines since, as they stand when it has been quiet for a moment."""
        while select.select([self.watcher.stdout], [], [], 0.005)[0]:
            data = self.watcher.stdout.read()
            if not data:
                break
            self.unread += data
        *lines, self.unread = self.unread.split(b"\n")
        return {"lines": [line.decode("latin1") for line in lines]}

    def listen(self, servers):
        """Real servers in the router, in place of those before: TCP takes connections, UDP sends back what comes."""
        for _, sock in self.servers:
            sock.close()
        self.servers = []
        for protocol, address, device, port in servers:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = self.router.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            sock.bind((address, port))
            if protocol == "tcp":
                sock.listen(64)
            self.servers.append((protocol, sock))
        return {}

    def send(self, senders):
        """Each list of packets from a CPU of its own, all at once; the kernel's refusals come back by name."""
        self.log.skip()
        self.used = CPUS[: max(1, len(senders))]
        refused = []
        if len(senders) == 1:
            self.send_from(CPUS[0], senders[0], refused)
            return {"refused": refused}
        # the log holds some hundred lines, so it is read in between
        for at in range(0, max(map(len, senders), default=0), BURST):
            threads = [
                threading.Thread(target=self.send_from, args=(CPUS[i % len(CPUS)], packets[at : at + BURST], refused))
                for i, packets in enumerate(senders)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.log.read()
        return {"refused": refused}

    def send_from(self, cpu, packets, refused):
        os.sched_setaffinity(0, {cpu})
        for packet in packets:
            data = bytes.fromhex(packet["bytes"])
            if packet["at"] in self.links:
                self.links[packet["at"]][0].send(data)
            else:
                family = data[0] >> 4
                self.own[family].setsockopt(socket.SOL_SOCKET, SO_MARK, packet.get("mark", 0))
                try:
                    self.send_own(family, data, packet["to"])
                except OSError as error:
                    refused.append({"n": packet["n"], "error": errno.errorcode.get(error.errno, str(error.errno))})
            if threading.current_thread() is threading.main_thread():
                self.log.read()

    def send_own(self, family, data, to):
        """Routed by its source, as of a program that is bound to it; one that is not the router's is asked for by nobody."""
        if family == 4:
            chosen = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("i4s4x", 0, data[12:16]))
        else:
            chosen = (socket.IPPROTO_IPV6, IPV6_PKTINFO, struct.pack("16si", data[8:24], 0))
        try:
            self.own[family].sendmsg([data], [chosen], 0, (to, 0))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self.own[family].sendto(data, (to, 0))

    def gather(self):
        """All that happened since, once nothing is on its way any more."""
        frames, delivered = [], []
        while True:
            before = len(frames) + len(delivered)
            for cpu in self.used:
                os.sched_setaffinity(0, {cpu})
                for name in self.links:
                    self.await_echo(name, frames)
            for sock in self.delivered.items():
                self.read_delivered(*sock, delivered)
            if not self.serve() and len(frames) + len(delivered) == before:
                os.sched_setaffinity(0, {CPUS[0]})
                return {"frames": frames, "delivered": delivered, **self.log.take()}

    def await_echo(self, name, frames):
        """What was queued on this CPU before an ARP probe is done when the answer is there; netfilter has no part in it."""
        wire, router = self.links[name]
        nonce = b"\x06" + secrets.token_bytes(5)
        probe = b"\xff" * 6 + nonce + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + nonce + bytes(10) + router
        wire.send(probe)
        deadline = time.monotonic() + 30
        while True:
            self.log.read()
            if not select.select([wire], [], [], 1)[0]:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no answer to ARP on {name}")
                # a link that is coming up loses it; the answer to a later one says as much
                wire.send(probe)
                continue
            data, (_, protocol, kind, *_) = wire.recvfrom(65536)
            if protocol == 0x0806:
                if data[:6] == nonce and kind != PACKET_OUTGOING:
                    return
            elif kind != PACKET_OUTGOING:
                frames.append({"at": name, "bytes": data.hex()})

    def serve(self):
        """Answers what the router's UDP servers have got; tells whether there was anything."""
        served = False
        for protocol, sock in self.servers:
            while protocol == "udp":
                try:
                    data, client = sock.recvfrom(65536)
                except BlockingIOError:
                    break
                served = True
                try:
                    sock.sendto(data, client)
                except OSError:  # a rule may refuse the answer
                    pass
        return served

    def read_delivered(self, kind, sock, delivered):
        while True:
            try:
                data, notes, _, source = sock.recvmsg(65536, 256)
            except BlockingIOError:
                return
            if kind[0] == 6:
                data = ipv6_header(kind[1], data, notes, source) + data
            delivered.append({"bytes": data.hex()})


def ipv6_header(protocol, data, notes, source):
    """IPv6's raw sockets hand out the payload; the header is put together again from what comes beside it."""
    values = {kind: value for _, kind, value in notes}
    (hops,) = struct.unpack("i", values[IPV6_HOPLIMIT])
    (traffic_class,) = struct.unpack("i", values[IPV6_TCLASS])
    addresses = socket.inet_pton(socket.AF_INET6, source[0].split("%")[0]) + values[IPV6_PKTINFO][:16]
    return struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(data), protocol, hops) + addresses


def load_loggers():
    """What prints TRACE lines; before Linux 5.13 a module for each family. Built in, or not there: nothing happens."""
    for name in ("nf_log_syslog", "nf_log_ipv4", "nf_log_ipv6"):
        subprocess.run(["sh", "-c", f"modprobe -q {name}"], stderr=subprocess.DEVNULL)
        if os.path.exists("/sys/module/nf_log_syslog"):
            return


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    load_loggers()
    lab = Lab()
    with LogOfAllNamespaces(), tempfile.TemporaryDirectory() as folder:
        # the tools' lock is one for the whole machine by default
        os.environ["XTABLES_LOCKFILE"] = os.path.join(folder, "lock")
        tempfile.tempdir = folder
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = getattr(lab, command.pop("do"))(**command)
            except Exception as error:  # the other end tells it with the case
                answer = {"failed": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
        if lab.watcher:
            lab.watcher.kill()


if __name__ == "__main__":
    main()
