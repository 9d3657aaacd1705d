"""Packets of every kind that the ruleset tells apart: `send.py ADDRESS4 ADDRESS6`, one after the other."""
import socket, sys, time

for family, address in ((socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2])):
    for port in (1000, 1001, 1002, 1003, 1004, 1005, 1006, 2000, 2001):
        for twice in range(2):
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.bind(('', 20000 + port))
            try:
                s.sendto(b'x' * (port - 990), (address, port))
            except OSError:
                pass
            s.close()
            time.sleep(0.005)
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(0.2)
    try:
        s.connect((address, 3000))
    except OSError:
        pass
