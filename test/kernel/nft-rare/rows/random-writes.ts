/** Found by random rulesets: what a rule wrote in front of what hangs on it, and sockets of packets that came in. */
import { chain, forward, LOCAL, OWN, type Row, UDP, UDP6 } from '../row.ts'

const pre = (rules: string, priority = '0') => chain('prerouting', rules, { priority })

export const RANDOM_WRITES: Readonly<Record<string, Row>> = {
  'a hash of an address that the same rule wrote': {
    rules: pre(
      'ip saddr set 203.0.113.5 jhash ip saddr mod 2 seed 0x7 vmap { 0 : jump u, 1 : jump v }\nip saddr set 10.0.1.3 jhash ip saddr mod 2 seed 0x7 vmap { 0 : jump u, 1 : jump v }',
    ).replace('chain c', 'chain u { counter comment "k"\n}\nchain v { counter comment "l"\n}\nchain c'),
    send: [UDP, OWN],
  },
  'the socket of the program that wrote a frame to a tap device': {
    rules: `table netdev t { chain c { type filter hook ingress device "in0" priority 0; meta skuid 0 counter comment "k"
meta cgroup 0 counter comment "l"
}
}`,
    send: [UDP],
    open: /the sending process|the socket that the packet/,
  },
  'no socket behind ingress': {
    rules: pre('meta skuid 0 counter comment "k"\nmeta cgroup 0 counter comment "l"', '-400'),
    send: [UDP, UDP6],
  },
  'the next hop of a destination that a rule wrote': {
    rules: `${chain('output', 'ip daddr set 10.0.2.3 counter comment "k"')}
table ip u { chain c { type filter hook postrouting priority 0; rt ip nexthop 10.0.2.3 counter comment "l"
}
}`,
    send: [OWN],
    open: /sending process is not known/,
  },
  'a new connection with the addresses of one in another zone': {
    rules: chain('output', 'ct reply zone set 5 counter comment "k"', { priority: '-350' }),
    send: [OWN, 'in in1 udp 10.0.2.2:53 > 10.0.2.1:4000'],
  },
  'the same with nat: it keeps its port, and clashes': {
    rules: `${chain('output', 'ct reply zone set 5 counter comment "k"', { priority: '-350' })}
table ip n { chain c { type nat hook postrouting priority 100;
}
}`,
    send: [OWN, 'in in1 udp 10.0.2.2:53 > 10.0.2.1:4000'],
  },
  'a reject that would answer from 127.0.0.1 by a wire': {
    rules: `${chain('input', 'counter reject comment "k"')}
table ip n { chain c { type nat hook output priority -99; ip saddr set 198.51.100.7 counter redirect comment "l"
}
}`,
    send: ['icmp 10.0.1.1 > 10.0.2.3 echo-request', 'udp 10.0.1.1:4000 > 10.0.2.3:80'],
  },
  'what NAT to a prefix leaves as it is, and a rule writes': {
    rules: `${chain('postrouting', 'ip saddr set 198.51.100.7 counter comment "k"', { family: 'ip' })}
table ip n { chain c { type nat hook prerouting priority -100; dnat ip prefix to 10.0.1.0/24
}
}`,
    send: [LOCAL, 'udp 10.0.1.1:53 > 10.0.1.2:4000'],
    open: /NAT to a prefix/,
  },
  'a quota behind bytes that are not known and a write': {
    rules: forward('@th,16,16 4000 ip dscp set cs0 quota until 60 bytes meta l4proto tcp counter drop comment "k"'),
    send: ['in in0 icmp 10.0.1.2 > 10.0.2.2 echo-request', 'in in0 tcp 10.0.1.2:53 > 10.0.2.2:4000 ack'],
    open: /bytes at their position are not known|may have used it up/,
  },
  'bytes of which some are known': {
    rules: forward('@th,0,32 != 0x350050 counter comment "k"\n@th,8,24 0x350050 counter comment "l"'),
    send: ['in in0 icmp 10.0.1.2 > 10.0.2.2 echo-request'],
  },
  'a count that a connection comes to once it is assured': {
    rules: chain('input', 'tcp flags ack ct count over 0 counter comment "k"'),
    send: [
      ['in in0 tcp 10.0.1.2:4000 > 10.0.1.1:80 syn', { tcpSeq: 1, tcpWindow: 1000 }],
      ['tcp 10.0.1.1:80 > 10.0.1.2:4000 syn,ack', { tcpSeq: 1, tcpAck: 2, tcpWindow: 1000 }],
      ['in in0 tcp 10.0.1.2:4000 > 10.0.1.1:80 ack', { tcpSeq: 2, tcpAck: 2, tcpWindow: 1000 }],
    ],
    open: /assured before/,
  },
  'an error that is passed on to its own source': {
    rules: forward('icmp type destination-unreachable ip daddr set 10.0.2.2 counter comment "k"'),
    send: [
      [
        'in in1 icmp 10.0.2.2 > 10.0.1.2',
        {
          icmpType: 3,
          icmpCode: 1,
          inner: { src: '10.0.1.2', dst: '10.0.2.2', protocol: 'udp', sport: 4000, dport: 53, length: 28 },
        },
      ],
    ],
  },
}
