/** What `reject` answers, and to whom it does not. */
import { chain, forward, LOCAL, LOCAL6, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const rst = 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 rst'
const rst6 = 'in in0 tcp [2001:db8:1::2]:4000 > [2001:db8:2::2]:80 rst'
const ack = 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack'
const inner = { src: '10.0.2.2', dst: '10.0.1.2', protocol: 'udp', sport: 53, dport: 4000, length: 28 }
const inner6 = { src: '2001:db8:2::2', dst: '2001:db8:1::2', protocol: 'udp', sport: 53, dport: 4000, length: 48 }
const error: Row['send'][number] = ['in in0 icmp 10.0.1.2 > 10.0.2.2', { icmpType: 3, icmpCode: 3, inner }]
const error6: Row['send'][number] = [
  'in in0 icmpv6 2001:db8:1::2 > 2001:db8:2::2',
  { icmpType: 1, icmpCode: 4, inner: inner6 },
]
const echo = 'in in0 icmp 10.0.1.2 > 10.0.2.2 echo-request'
const reply = 'in in0 icmp 10.0.1.2 > 10.0.2.2 echo-reply'

export const REJECT: Readonly<Record<string, Row>> = {
  'with a reset': { rules: forward('meta l4proto tcp reject with tcp reset'), send: [SYN, ack, SYN6] },
  'a reset with a reset': { rules: forward('meta l4proto tcp reject with tcp reset'), send: [rst, rst6] },
  'a reset with an error': { rules: forward('reject'), send: [rst, rst6] },
  'an error': { rules: forward('reject'), send: [error, error6] },
  'an error with a named error': { rules: forward('reject with icmpx type admin-prohibited'), send: [error, error6] },
  'what comes from an address of many, in front of routing': {
    rules: chain('prerouting', 'meta l4proto tcp reject with tcp reset\nreject', { priority: '-300' }),
    send: ['10.0.1.255', '255.255.255.255', '224.0.0.5', '10.0.1.77'].flatMap((address) => [
      `in in0 udp ${address}:4000 > 10.0.2.2:53`,
      `in in0 tcp ${address}:4000 > 10.0.2.2:80 syn`,
    ]),
  },
  'an echo': { rules: forward('reject'), send: [echo] },
  'the reply to an echo': { rules: forward('reject'), send: [reply] },
  'a redirect': {
    rules: forward('reject'),
    send: [['in in0 icmp 10.0.1.2 > 10.0.2.2', { icmpType: 5, icmpCode: 1, inner }]],
  },
  'an ICMP type that is none': {
    rules: forward('reject'),
    send: [['in in0 icmp 10.0.1.2 > 10.0.2.2', { icmpType: 77, icmpCode: 0 }]],
  },
  datagrams: { rules: forward('reject'), send: [UDP, UDP6] },
  'what is for this host': { rules: chain('input', 'reject'), send: [LOCAL, LOCAL6] },
  'a later fragment': {
    rules: forward('reject'),
    send: [
      [
        'in in0 udp 10.0.1.2:4000 > 10.0.2.2:53',
        { fragOffset: 64, moreFragments: false, dontFragment: false, length: 60 },
      ],
    ],
  },
  'a broadcast': {
    rules: chain('input', 'reject'),
    send: [['in in0 udp 10.0.1.2:4000 > 10.0.1.255:53', { dstMac: 'ff:ff:ff:ff:ff:ff' }]],
  },
  'a frame for all': {
    rules: chain('input', 'reject'),
    send: [['in in0 udp 10.0.1.2:4000 > 10.0.1.1:53', { dstMac: 'ff:ff:ff:ff:ff:ff' }]],
  },
  'a group': {
    rules: chain('input', 'reject'),
    send: [['in in0 udp 10.0.1.2:4000 > 224.0.0.1:53', { dstMac: '01:00:5e:00:00:01' }]],
  },
  'from nobody': { rules: chain('input', 'reject'), send: ['in in0 udp 0.0.0.0:68 > 255.255.255.255:67'] },
  'without a way back': { rules: forward('reject'), send: ['in in0 udp 172.31.0.1:4000 > 10.0.2.2:53'] },
  'a reset without a way back': {
    rules: forward('tcp dport 80 reject with tcp reset'),
    send: ['in in0 tcp 172.31.0.1:4000 > 10.0.2.2:80 syn'],
  },
  'what this host sends': { rules: chain('output', 'reject'), send: [OWN] },
  'in prerouting': { rules: chain('prerouting', 'tcp dport 80 reject with tcp reset'), send: [SYN, rst] },
  'in prerouting, a datagram': { rules: chain('prerouting', 'udp dport 53 reject'), send: [UDP, UDP6] },
  'in ingress': {
    rules: 'table netdev t { chain c { type filter hook ingress device "in0" priority 0; udp dport 53 reject; }\n}',
    send: [UDP, UDP6],
  },
  'a reset in ingress': {
    rules:
      'table netdev t { chain c { type filter hook ingress device "in0" priority 0; tcp dport 80 reject with tcp reset; }\n}',
    send: [SYN, rst],
  },
}
