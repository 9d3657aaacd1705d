/** Numbers that the kernel makes: counted up, drawn, hashed. */
import { forward, nat, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const m = 'counter drop comment "m"'
const flow = (n: number) => `in in0 udp 10.0.1.${n}:${4000 + 7 * n} > 10.0.2.2:53`
const flows = Array.from({ length: 8 }, (_, i) => flow(i + 2))

export const NUMBERS: Readonly<Record<string, Row>> = {
  'counted up': { rules: forward(`numgen inc mod 2 0 ${m}`), send: [UDP, UDP, UDP], open: /packets came before/ },
  'counted up, mod 1': { rules: forward(`numgen inc mod 1 0 ${m}`), send: [UDP] },
  'counted up, beyond': { rules: forward(`numgen inc mod 2 offset 5 3 ${m}`), send: [UDP] },
  'counted up, with an offset': { rules: forward(`numgen inc mod 2 offset 10 < 10 ${m}`), send: [UDP] },
  drawn: { rules: forward('numgen random mod 2 0 drop'), send: [UDP], open: /is random/ },
  'drawn, whatever it is': { rules: forward(`numgen random mod 4 0-3 ${m}`), send: [UDP] },
  'drawn, never': { rules: forward(`numgen random mod 4 offset 4 < 4 ${m}`), send: [UDP] },
  'drawn for a mark': {
    rules: forward(`meta mark set numgen random mod 4 offset 8\nmeta mark 3 ${m}`),
    send: [UDP],
    open: /mark/,
  },
  'drawn for a map': { rules: forward('numgen random mod 2 vmap { 0 : drop, 1 : drop }'), send: [UDP] },
  'counted up for a map of one': { rules: forward('numgen inc mod 1 vmap { 0 : drop }'), send: [UDP] },
  'counted up for NAT': { rules: nat('prerouting', 'dnat ip to numgen inc mod 1 map { 0 : 10.0.2.9 }'), send: [UDP] },
  'drawn for NAT': {
    rules: nat('prerouting', 'dnat ip to numgen random mod 2 map { 0 : 10.0.2.9, 1 : 10.0.2.9 }'),
    send: [UDP],
  },
  'jhash with a seed': { rules: forward(`jhash ip saddr mod 2 seed 0xdeadbeef 0 ${m}`), send: flows },
  'jhash of two fields': { rules: forward(`jhash ip saddr . ip daddr mod 4 seed 0x1 < 2 ${m}`), send: flows },
  'jhash of ports': { rules: forward(`jhash ip saddr . udp sport mod 8 seed 0x2a offset 100 < 104 ${m}`), send: flows },
  'jhash of IPv6': {
    rules: forward(`jhash ip6 saddr mod 2 seed 0x5 0 ${m}`),
    send: [
      UDP6,
      SYN6,
      'in in0 udp [2001:db8:1::3]:4000 > [2001:db8:2::2]:53',
      'in in0 udp [2001:db8:1::4]:4000 > [2001:db8:2::2]:53',
    ],
  },
  'what operators make of a mark, in sets': {
    rules: forward(
      [
        `meta mark set 5`,
        `meta mark | 2 { 7, 9 } ${m}`,
        `meta mark & 3 | 8 != { 1, 8 } counter comment "n"`,
        `meta mark >> 1 == { 2, 3 } counter comment "o"`,
        `meta mark ^ 1 4-6 counter comment "p"`,
        `meta mark | 1 @s counter comment "q"`,
        `meta mark set meta mark | 8 map @t counter comment "r"`,
        'meta mark ^ 1 vmap { 7 : accept, 6 : drop }',
      ].join('\n'),
      'set s { type mark; elements = { 1, 5 }; }\nmap t { type mark : mark; elements = { 13 : 7 }; }',
    ),
    send: [SYN],
  },
  'flags of TCP, in sets and maps': {
    rules: forward(
      [
        `tcp flags @s ${m}`,
        'tcp flags & (fin | syn | rst | ack) @z counter comment "n"',
        'meta mark set tcp flags map { syn : 1, fin | ack : 5 } counter comment "o"',
        'meta mark set tcp flags map @t counter comment "p"',
        'tcp flags . tcp dport { fin | ack . 80 } counter comment "q"',
        'tcp flags vmap { fin | ack : drop, syn : accept }',
      ].join('\n'),
      `set s { typeof tcp flags; elements = { fin | ack, rst }; }
set z { type tcp_flag; elements = { syn | ack, fin | ack }; }
map t { type tcp_flag : mark; elements = { fin | ack : 5 }; }`,
    ),
    send: [['in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 fin,ack', { tcpAck: 1 }], SYN],
  },
  'the state bits of a connection as a key': {
    rules: forward(`ct status vmap { 0 : accept, confirmed : accept }\ncounter drop comment "m"`),
    send: [SYN],
    open: /map/,
  },
  'jhash for a mark': { rules: forward(`meta mark set jhash ip saddr mod 4 seed 0x3\nmeta mark 1 ${m}`), send: flows },
  'jhash for a map': {
    rules: forward('jhash ip saddr . udp dport mod 3 seed 0x9 vmap { 0 : drop, 1 : accept, 2 : drop }'),
    send: flows,
  },
  'jhash for NAT': {
    rules: nat('prerouting', 'dnat ip to jhash ip saddr mod 2 seed 0x7 map { 0 : 10.0.2.8, 1 : 10.0.2.9 }'),
    send: flows,
  },
  'jhash of a mark': { rules: forward(`meta mark set 77\njhash meta mark mod 2 seed 0x7 0 ${m}`), send: [UDP] },
  'jhash without a seed': { rules: forward(`jhash ip saddr mod 2 0 ${m}`), send: [UDP], open: /jhash|seed/ },
  'jhash without a seed, whatever it is': { rules: forward(`jhash ip saddr mod 2 0-1 ${m}`), send: [UDP] },
  'jhash of a field that the packet has not': {
    rules: forward(`jhash ip saddr mod 2 seed 0x1 0-1 ${m}`),
    send: [UDP6],
  },
  symhash: { rules: forward(`symhash mod 2 0 ${m}`), send: [UDP, SYN], open: /hash/ },
  'symhash, mod 1': { rules: forward(`symhash mod 1 0 ${m}`), send: [UDP, OWN] },
  'symhash, whatever it is': { rules: forward(`symhash mod 4 offset 2 >= 2 ${m}`), send: [UDP] },
}
