/** What routes and sockets say: fib, rt, socket. */
import { chain, forward, LOCAL, LOCAL6, OWN, OWN6, type Row, SYN, SYN6, UDP } from '../row.ts'

const m = 'counter drop comment "m"'
const pre = (rules: string) => chain('prerouting', rules)
const far = 'in in0 udp 10.0.1.2:4000 > 198.51.100.7:53'
const far6 = 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:51::7]:53'
const nowhere = 'in in0 udp 10.0.1.2:4000 > 192.0.2.1:53'
const marked = 'in in0 udp 10.0.1.2:4000 > 10.0.9.2:53'
const fromFar = 'in in1 udp 198.51.100.7:53 > 10.0.1.2:4000'
const spoofed = 'in in0 udp 198.51.100.7:53 > 10.0.2.2:4000'

/** As for a duplicate's address: it is asked of the link. */
const NO_ADDRESS_YET: Row['send'][number] = [
  'in in0 icmpv6 2001:db8:1::2 > ff02::1',
  { src: '::', icmpType: 135, icmpCode: 0, ttl: 255 },
]
const two = (device: string, source: string) =>
  source.includes(':')
    ? `in ${device} udp [${source}]:4000 > [2001:db8:${device === 'in0' ? 1 : 2}::1]:53`
    : `in ${device} udp ${source}:4000 > 10.0.${device === 'in0' ? 1 : 2}.1:53`
const fromBoth = ['10.0.77.2', '2001:db8:77::2', '2001:db8:78::2'].flatMap((one) => [two('in0', one), two('in1', one)])

export const ROUTING: Readonly<Record<string, Row>> = {
  'type of the destination': { rules: pre(`fib daddr type local ${m}`), send: [SYN, LOCAL, LOCAL6, SYN6] },
  'type of the destination in a map': {
    rules: pre('fib daddr type vmap { local : drop, unicast : accept }'),
    send: [SYN, LOCAL],
  },
  'type of a blackhole': { rules: pre(`fib daddr type blackhole ${m}`), send: [nowhere, SYN] },
  'type of the destination with a mark': {
    rules: pre(`meta mark set 0x13 fib daddr . mark type unicast ${m}`),
    send: [marked, LOCAL],
  },
  'type on the input interface': {
    rules: pre(`fib daddr . iif type local ${m}`),
    send: [LOCAL, SYN, 'in in0 udp 10.0.1.2:4000 > 10.0.2.1:53'],
  },
  'type on the input interface, IPv6': {
    rules: pre(`fib daddr . iif type local ${m}`),
    send: [LOCAL6, SYN6, 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::1]:53'],
  },
  'type of the source': {
    rules: pre(`fib saddr type local ${m}`),
    send: [SYN, 'in in0 udp 10.0.2.1:4000 > 10.0.2.2:53'],
  },
  'the way to the destination': { rules: pre(`fib daddr oifname "in1" ${m}`), send: [SYN, far, LOCAL, SYN6, far6] },
  'the way to the destination, by index': { rules: pre(`fib daddr oif "in1" ${m}`), send: [SYN, far] },
  'the way to the destination with a mark': {
    rules: pre(`meta mark set 0x13 fib daddr . mark oifname "in1" ${m}`),
    send: [marked],
  },
  'the way to the destination without a mark': { rules: pre(`fib daddr . mark oifname "in1" ${m}`), send: [marked] },
  'whether there is a way to the destination': {
    rules: pre(`fib daddr oif exists ${m}`),
    send: [SYN, nowhere, 'in in0 udp 10.0.1.2:4000 > 172.31.0.1:53'],
  },
  'whether there is no way to the destination': {
    rules: pre(`fib daddr oif missing ${m}`),
    send: [SYN, nowhere, 'in in0 udp 10.0.1.2:4000 > 172.31.0.1:53'],
  },
  'whether there is no way to the destination, IPv6': {
    rules: pre(`fib daddr oif missing ${m}`),
    send: [SYN6, 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:ffff::1]:53'],
  },
  'the way back': { rules: pre(`fib saddr oifname "in1" ${m}`), send: [fromFar, spoofed, SYN] },
  'the way back by its interface': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: [spoofed, fromFar, SYN, SYN6],
  },
  'the way back by its interface is there': {
    rules: pre(`fib saddr . iif oif exists ${m}`),
    send: [spoofed, fromFar, SYN, SYN6],
  },
  'the way back by its interface, of two': { rules: pre(`fib saddr . iif oif missing ${m}`), send: fromBoth },
  'the way back, of two': { rules: pre(`fib saddr oif "in1" ${m}`), send: fromBoth },
  'the way back by its interface, of several next hops of IPv6': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: [two('in0', '2001:db8:7a::2'), two('in1', '2001:db8:7a::2')],
  },
  'the way back by its interface, which is one of several next hops of IPv6': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: [two('in0', '2001:db8:79::2')],
    open: /several next hops/,
  },
  'the way back to no address': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: [NO_ADDRESS_YET, ['in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::1]:53', { src: '::' }]],
  },
  'the way back to a link': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: ['in in0 udp [fe80::7]:4000 > [2001:db8:1::1]:53'],
  },
  'the way back with a mark': {
    rules: pre(`meta mark set 0x13 fib saddr . mark . iif oif missing ${m}`),
    send: ['in in0 udp 10.0.9.2:4000 > 10.0.2.2:53', 'in in1 udp 10.0.9.2:4000 > 10.0.1.2:53'],
  },
  'the way back to a group': {
    rules: pre(`fib saddr oif missing ${m}`),
    send: ['in in0 udp 192.0.2.1:4000 > 10.0.2.2:53'],
  },
  'the way in output': { rules: chain('output', `fib daddr oifname "in1" ${m}`), send: [OWN, OWN6] },
  'type in output': { rules: chain('output', `fib daddr . oif type unicast ${m}`), send: [OWN] },
  'the way in forward, by the output interface': { rules: forward(`fib daddr . oif type local ${m}`), send: [SYN] },
  'the way in a concatenation': { rules: pre(`fib daddr type . iifname { local . "in0" } ${m}`), send: [LOCAL, SYN] },
  'the way in ingress': {
    rules: `table netdev t { chain c { type filter hook ingress device "in0" priority 0; fib daddr type local ${m}; }\n}`,
    send: [SYN, LOCAL],
  },
  'the next hop': { rules: forward(`rt ip nexthop 10.0.2.9 ${m}`), send: [far, SYN] },
  'the next hop on the link': { rules: forward(`rt ip nexthop 10.0.2.2 ${m}`), send: [SYN, far] },
  'the next hop, IPv6': { rules: forward(`rt ip6 nexthop 2001:db8:2::9 ${m}`), send: [far6, SYN6] },
  'the next hop of what this host sends': {
    rules: chain('output', `rt ip nexthop 10.0.2.9 ${m}`),
    send: ['udp 10.0.2.1:4000 > 198.51.100.7:53', OWN],
  },
  'the realm': { rules: forward(`rt classid 5 ${m}`), send: [far, SYN], open: /realm/ },
  'the realm as meta': { rules: forward(`meta rtclassid 5 ${m}`), send: [far, SYN], open: /realm/ },
  'the realm in a map': { rules: forward('rt classid vmap { 5 : drop, 0 : accept }'), send: [far, SYN], open: /realm/ },
  'no IPsec on the way': { rules: forward(`rt ipsec exists ${m}`), send: [SYN, SYN6], open: /ipsec/ },
  'IPsec is missing on the way': { rules: forward(`rt ipsec missing ${m}`), send: [SYN], open: /ipsec/ },
  'no IPsec so far': { rules: forward(`meta ipsec exists ${m}`), send: [SYN], open: /ipsec/ },
  'IPsec is missing so far': { rules: forward(`meta ipsec missing ${m}`), send: [SYN], open: /ipsec/ },
  'a socket that is not there': { rules: pre(`socket wildcard 1 ${m}`), send: [LOCAL, SYN], open: /the sockets open/ },
  'a transparent socket': { rules: pre(`socket transparent 1 ${m}`), send: [LOCAL, SYN], open: /the sockets open/ },
  'a transparent socket, not': { rules: pre(`socket transparent 0 ${m}`), send: [LOCAL], open: /the sockets open/ },
  'the mark of a socket': { rules: pre(`socket mark 1 ${m}`), send: [LOCAL], open: /socket mark/ },
  'interface by kind': { rules: forward(`meta iifkind "tun" ${m}`), send: [SYN] },
  'interface by type': { rules: forward(`meta iiftype ether ${m}`), send: [SYN] },
  'output interface by type': { rules: forward(`meta oiftype ether ${m}`), send: [SYN] },
  'interface by index': { rules: forward(`meta iif "in0" ${m}`), send: [SYN] },
  'interface by group': { rules: forward(`meta iifgroup 0 ${m}`), send: [SYN] },
  'master of the interface': { rules: forward(`meta sdifname "in0" ${m}`), send: [SYN], open: /sdif/ },
  'frame type': { rules: forward(`meta protocol ip ${m}`), send: [SYN, SYN6, UDP] },
}
