/** Where chains hang: devices, families, dormant tables, chains of one priority. */
import { chain, LOCAL, LOCAL6, OWN, OWN6, type Row, SYN, SYN6, UDP } from '../row.ts'

const netdev = (hook: string, device: string, rules: string, policy = 'accept') => `
table netdev t {
chain c {
type filter hook ${hook} device "${device}" priority 0; policy ${policy};
${rules}
}
}`
const both = (first: string, second: string, priority = '0') => `
table inet a { chain c { type filter hook forward priority ${priority}; ${first}; }
}
table inet b { chain c { type filter hook forward priority ${priority}; ${second}; }
}`

export const HOOKS: Readonly<Record<string, Row>> = {
  'ingress of the device drops': {
    rules: netdev('ingress', 'in0', 'tcp dport 80 counter drop comment "m"'),
    send: [SYN, SYN6, UDP],
  },
  'ingress of another device': {
    rules: netdev('ingress', 'in1', 'tcp dport 80 counter drop comment "m"'),
    send: [SYN],
  },
  'ingress, by address': {
    rules: netdev('ingress', 'in0', 'ip saddr 10.0.1.2 counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, IPv6 by address': {
    rules: netdev('ingress', 'in0', 'ip6 saddr 2001:db8:1::2 counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, policy': {
    rules: netdev(
      'ingress',
      'in0',
      'meta protocol ip6 counter accept comment "m"\nip protocol tcp counter accept comment "n"',
      'drop',
    ),
    send: [SYN, SYN6, UDP],
  },
  'ingress sets a mark that is read later': {
    rules:
      netdev('ingress', 'in0', 'udp dport 53 meta mark set 7') +
      chain('forward', 'meta mark 7 counter drop comment "m"'),
    send: [UDP, SYN],
  },
  'ingress, frame type': {
    rules: netdev('ingress', 'in0', 'ether type ip counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, meta protocol': {
    rules: netdev('ingress', 'in0', 'meta protocol ip6 counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, nfproto': {
    rules: netdev('ingress', 'in0', 'meta nfproto ipv4 counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, source of the frame': {
    rules: netdev('ingress', 'in0', 'ether saddr 02:00:00:00:00:99 counter drop comment "m"'),
    send: [SYN, SYN6],
  },
  'ingress, length': { rules: netdev('ingress', 'in0', 'meta length > 40 counter drop comment "m"'), send: [SYN, UDP] },
  'ingress, jump and return': {
    rules: `table netdev t {\nchain u { udp dport 53 counter return comment "r"\ncounter drop comment "m"\n}\nchain c { type filter hook ingress device "in0" priority 0; ip saddr 10.0.1.2 jump u; }\n}`,
    send: [SYN, UDP, SYN6],
  },
  'ingress, forwards to another device': { rules: netdev('ingress', 'in0', 'udp dport 53 fwd to "in1"'), send: [SYN] },
  'ingress, limit': {
    rules: netdev('ingress', 'in0', 'tcp dport 80 limit rate over 1/minute burst 1 packets counter drop comment "m"'),
    send: [SYN, SYN],
    open: /limit/,
  },
  'ingress of lo': {
    rules: netdev('ingress', 'lo', 'udp dport 53 counter drop comment "m"'),
    send: ['udp 10.0.2.1:4000 > 10.0.2.1:53'],
  },
  'ingress of several devices': {
    rules:
      'table netdev t { chain c { type filter hook ingress devices = { in1, in0 } priority 0; tcp dport 80 counter drop comment "m"; }\n}',
    send: [SYN, UDP],
  },
  'ingress, two chains of one device': {
    rules: `table netdev t {
chain b { type filter hook ingress device "in0" priority 10; meta mark 1 counter drop comment "b"; }
chain a { type filter hook ingress device "in0" priority -10; tcp dport 80 meta mark set 1 counter comment "a"; }
}`,
    send: [SYN, UDP],
  },
  'ingress of inet': {
    rules:
      'table inet t { chain c { type filter hook ingress device "in0" priority 0; tcp dport 80 counter drop comment "m"; }\n}',
    send: [SYN, SYN6, UDP],
  },
  'ingress of inet, nfproto': {
    rules:
      'table inet t { chain c { type filter hook ingress device "in0" priority 0; meta nfproto ipv4 counter drop comment "m"; }\n}',
    send: [SYN, SYN6],
  },
  'ingress of inet, policy': {
    rules:
      'table inet t { chain c { type filter hook ingress device "in0" priority 0; policy drop; udp dport 53 accept; }\n}',
    send: [SYN, SYN6, UDP],
  },
  'ingress of inet and netdev by priority': {
    rules: `${netdev('ingress', 'in0', 'meta mark 1 counter drop comment "m"')}\ntable inet t { chain c { type filter hook ingress device "in0" priority -5; tcp dport 80 meta mark set 1; }\n}`,
    send: [SYN, UDP],
  },
  'egress drops what is forwarded': {
    rules: netdev('egress', 'in1', 'tcp dport 80 counter drop comment "m"'),
    send: [SYN, SYN6, UDP],
  },
  'egress drops what this host sends': {
    rules: netdev('egress', 'in1', 'udp dport 53 counter drop comment "m"'),
    send: [OWN, OWN6],
  },
  'egress of another device': { rules: netdev('egress', 'in0', 'tcp dport 80 counter drop comment "m"'), send: [SYN] },
  'egress reads a mark': {
    rules:
      chain('forward', 'tcp dport 80 meta mark set 9') +
      netdev('egress', 'in1', 'meta mark 9 counter drop comment "m"').replace('table netdev t', 'table netdev e'),
    send: [SYN, UDP],
  },
  'egress sees what NAT made': {
    rules: `table ip n { chain c { type nat hook postrouting priority 100; snat to 10.0.2.77; }\n}${netdev('egress', 'in1', 'ip saddr 10.0.2.77 counter drop comment "m"')}`,
    send: [SYN],
  },
  'egress of lo': {
    rules: netdev('egress', 'lo', 'udp dport 53 counter drop comment "m"'),
    send: ['udp 10.0.2.1:4000 > 10.0.2.1:53'],
  },
  'egress rewrites': { rules: netdev('egress', 'in1', 'ip ttl set 9 counter comment "m"'), send: [SYN] },
  'ingress rewrites the destination': {
    rules: netdev('ingress', 'in0', 'tcp dport 80 ip daddr set 10.0.1.1'),
    send: [SYN, UDP],
  },
  'a dormant table': {
    rules:
      'table inet t { flags dormant;\nchain c { type filter hook forward priority 0; policy drop; counter comment "m"; }\n}',
    send: [SYN, SYN6],
  },
  'a dormant table beside another': {
    rules: `table inet t { flags dormant;\nchain c { type filter hook forward priority -10; counter drop comment "d"; }\n}${chain('forward', 'tcp dport 80 counter drop comment "m"', { family: 'ip' })}`,
    send: [SYN, UDP],
  },
  'a dormant nat table': {
    rules: 'table ip t { flags dormant;\nchain c { type nat hook prerouting priority -100; dnat to 10.0.2.7; }\n}',
    send: [SYN],
  },
  'a dormant table asks for no connections': {
    rules: `table ip t { flags dormant;\nchain c { type filter hook forward priority 0; ct state new drop; }\n}${chain('forward', 'ct mark 0 counter comment "m"', { family: 'ip6' })}`,
    send: [SYN],
  },
  'one priority, both orders alike': {
    rules: both('tcp dport 80 counter comment "a"', 'udp dport 53 counter drop comment "b"'),
    send: [SYN, UDP],
  },
  'one priority, one drops what the other marks': {
    rules: both('meta mark 1 counter drop comment "a"', 'meta mark set 1'),
    send: [SYN],
    open: /order/,
  },
  'one priority, the first marks': {
    rules: both('meta mark set 1', 'meta mark 1 counter drop comment "b"'),
    send: [SYN],
    open: /order/,
  },
  'one priority, both drop': { rules: both('tcp dport 80 drop', 'tcp dport 80 drop'), send: [SYN, UDP] },
  'one priority, one accepts and the other drops': { rules: both('accept', 'tcp dport 80 drop'), send: [SYN, UDP] },
  'one priority, ip and inet': {
    rules: chain('forward', 'tcp dport 80 drop', { family: 'ip' }) + chain('forward', 'ct state new accept'),
    send: [SYN, SYN6],
  },
  'one priority, one rejects and the other drops': {
    rules: both('tcp dport 80 drop', 'tcp dport 80 reject'),
    send: [SYN, UDP],
    open: /order/,
  },
  'two priorities, named by words': {
    rules: `table inet a { chain c { type filter hook forward priority filter + 1; meta mark 1 counter drop comment "m"; }\n}\ntable inet b { chain c { type filter hook forward priority filter; meta mark set 1; }\n}`,
    send: [SYN],
  },
  'bridge, to this host': {
    rules: chain('input', 'udp dport 53 counter drop comment "m"', { family: 'bridge' }),
    send: ['in p0 udp 10.0.3.2:4000 > 10.0.3.1:53', 'in p0 udp 10.0.3.2:4000 > 10.0.3.1:54'],
  },
  'bridge, from port to port': {
    rules: chain('forward', 'udp dport 53 counter drop comment "m"', { family: 'bridge' }),
    send: [['in p0 udp 10.0.3.2:4000 > 10.0.3.3:53', { dstMac: '02:00:00:00:03:a1' }]],
  },
  'bridge, packets that pass none': {
    rules: chain('forward', 'drop', { family: 'bridge' }),
    send: [SYN, SYN6, LOCAL, LOCAL6],
  },
  'arp tables see no IP': { rules: chain('input', 'drop', { family: 'arp' }), send: [SYN, LOCAL] },
  'ip6 tables see no IPv4': {
    rules: chain('forward', 'counter drop comment "m"', { family: 'ip6' }),
    send: [SYN, SYN6],
  },
}
