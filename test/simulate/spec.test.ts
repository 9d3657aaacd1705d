import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { parseSpec } from '../../src/simulate/spec.ts'

const READ: [string, Packet][] = [
  [
    'in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn',
    {
      in: 'eth0',
      protocol: 'tcp',
      src: '172.28.129.2',
      sport: 55694,
      dst: '172.28.129.4',
      dport: 52000,
      tcpFlags: ['syn'],
    },
  ],
  // as tcpdump prints it
  [
    'tcp 10.0.0.1.40000 > 10.0.0.2.80: [S.]',
    { protocol: 'tcp', src: '10.0.0.1', sport: 40000, dst: '10.0.0.2', dport: 80, tcpFlags: ['syn', 'ack'] },
  ],
  [
    '10.0.0.1:40000 > 10.0.0.2:80 syn,ack',
    { protocol: 'tcp', src: '10.0.0.1', sport: 40000, dst: '10.0.0.2', dport: 80, tcpFlags: ['syn', 'ack'] },
  ],
  ['udp [fd00::1]:40000 > [fd00::2]:53', { protocol: 'udp', src: 'fd00::1', sport: 40000, dst: 'fd00::2', dport: 53 }],
  ['udp fd00::1.40000 > fd00::2.53', { protocol: 'udp', src: 'fd00::1', sport: 40000, dst: 'fd00::2', dport: 53 }],
  ['udp fd00::1 > fd00::2', { protocol: 'udp', src: 'fd00::1', dst: 'fd00::2' }],
  [
    'icmp 10.0.0.1 > 10.0.0.2 echo-request id 7 seq 3',
    { protocol: 'icmp', src: '10.0.0.1', dst: '10.0.0.2', icmpType: 8, icmpCode: 0, icmpId: 7, icmpSeq: 3 },
  ],
  [
    'icmp 10.0.0.1 > 10.0.0.2 port-unreachable',
    { protocol: 'icmp', src: '10.0.0.1', dst: '10.0.0.2', icmpType: 3, icmpCode: 3 },
  ],
  [
    'ipv6-icmp fd00::1 > fd00::2 echo-reply',
    { protocol: 'icmpv6', src: 'fd00::1', dst: 'fd00::2', icmpType: 129, icmpCode: 0 },
  ],
  [
    'in eth0 icmp6 fd00::1 > fd00::2 echo-request',
    { in: 'eth0', protocol: 'icmpv6', src: 'fd00::1', dst: 'fd00::2', icmpType: 128, icmpCode: 0 },
  ],
  [
    'icmp 10.0.0.1 > 10.0.0.2 type 13 code 0',
    { protocol: 'icmp', src: '10.0.0.1', dst: '10.0.0.2', icmpType: 13, icmpCode: 0 },
  ],
  [
    'in eth0 out eth1 udp 10.0.0.1 > 10.0.0.2:53 mark 0x10 ttl 5 tos 0xb8 length 100 df ipid 9',
    {
      ...{ in: 'eth0', out: 'eth1', protocol: 'udp', src: '10.0.0.1', dst: '10.0.0.2', dport: 53 },
      ...{ mark: 16, ttl: 5, tos: 184, length: 100, dontFragment: true, ipId: 9 },
    },
  ],
  [
    'tcp 10.0.0.1:1 > 10.0.0.2:2 ack 5 seq 7 win 9',
    { protocol: 'tcp', src: '10.0.0.1', sport: 1, dst: '10.0.0.2', dport: 2, tcpAck: 5, tcpSeq: 7, tcpWindow: 9 },
  ],
  [
    'tcp 10.0.0.1 > 10.0.0.2:25 ack uid 1000 gid 8',
    { protocol: 'tcp', src: '10.0.0.1', dst: '10.0.0.2', dport: 25, tcpFlags: ['ack'], uid: 1000, gid: 8 },
  ],
  [
    'in eth0 47 10.0.0.1>10.0.0.2 from AA:bb:cc:00:00:01',
    { in: 'eth0', protocol: '47', src: '10.0.0.1', dst: '10.0.0.2', srcMac: 'aa:bb:cc:00:00:01' },
  ],
]

const WRONG: [spec: string, column: number, word: string, message: string, suggestion?: string][] = [
  ['', 1, '', 'the source address is missing'],
  ['tpc 10.0.0.1 > 10.0.0.2', 1, 'tpc', '"tpc" is not a protocol', 'tcp'],
  ['tcp 10.0.0.300 > 10.0.0.2', 5, '10.0.0.300', '"10.0.0.300" is not an address'],
  ['tcp 10.0.0.1:70000 > 10.0.0.2', 5, '10.0.0.1:70000', '"10.0.0.1:70000" is not an address'],
  ['tcp 10.0.0.1 10.0.0.2', 14, '10.0.0.2', 'a ">" is needed between source and destination', '> 10.0.0.2'],
  ['tcp 10.0.0.1 >', 15, '', 'the destination address is missing'],
  ['tcp 10.0.0.1 > fd00::1', 16, 'fd00::1', 'source and destination are of different families'],
  ['tcp 10.0.0.1 > 10.0.0.2 sny', 25, 'sny', '"sny" is not understood', 'syn'],
  // what packets of that protocol do not have
  ['icmp 10.0.0.1:5 > 10.0.0.2', 6, '10.0.0.1:5', '"10.0.0.1:5" has a port, and icmp has no ports', '10.0.0.1'],
  ['gre 10.0.0.1 > 10.0.0.2.80', 16, '10.0.0.2.80', '"10.0.0.2.80" has a port, and gre has no ports', '10.0.0.2'],
  ['udp 10.0.0.1 > 10.0.0.2 syn', 25, 'syn', '"syn" is of TCP, and the packet is udp'],
  ['icmp 10.0.0.1 > 10.0.0.2 [S.]', 26, '[S.]', '"[S.]" is of TCP, and the packet is icmp'],
  ['udp 10.0.0.1 > 10.0.0.2 win 5', 25, 'win', '"win" is of TCP, and the packet is udp'],
  ['tcp 10.0.0.1 > 10.0.0.2 type 8', 25, 'type', '"type" is of ICMP, and the packet is tcp'],
  // what every object of JavaScript has is no word of ours
  ...['constructor', 'toString', 'valueOf', '__proto__'].map((word): (typeof WRONG)[number] => [
    `tcp 10.0.0.1 > 10.0.0.2 ${word}`,
    25,
    word,
    `"${word}" is not understood`,
  ]),
  ['tcp 10.0.0.1 > 10.0.0.2 ttl 256', 29, '256', '"256" is not a number from 0 to 255'],
  ['tcp 10.0.0.1 > 10.0.0.2 mark', 29, '', '"mark" needs a number'],
  ['in', 3, '', '"in" needs an interface'],
  ['icmp 10.0.0.1 > 10.0.0.2 echo-requset', 26, 'echo-requset', '"echo-requset" is not understood', 'echo-request'],
]

describe('a packet in words', () => {
  it.each(READ)('%s', (spec, packet) => {
    expect(parseSpec(spec)).toEqual({ packet })
  })

  it.each(WRONG)('wrong: %s', (spec, column, word, message, suggestion) => {
    expect(parseSpec(spec)).toEqual({ error: { column, word, message, ...(suggestion ? { suggestion } : {}) } })
  })
})
