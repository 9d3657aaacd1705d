/** Fragments as nft 1.0.9 prints them (Linux 6.18, without connection tracking): it shows no offset, and payload as a header. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../../src/model/packet.ts'
import { nftTrace } from '../../../../src/read/captures/nft-trace/format.ts'
import { readCapture } from '../read-capture.ts'

const LINK = 'ether saddr da:79:bc:04:bc:ca ether daddr a6:27:03:92:d3:55'
const line = (id: string, hook: string, rest: string) =>
  `trace id ${id} ${hook} packet: iif "b0" ${LINK} ip saddr 10.20.0.2 ip daddr 192.0.2.9 ip dscp cs0 ip ecn not-ect ${rest} \n`
const PRE = 'inet tracing prerouting'
const packets = (...lines: readonly string[]): Packet[] =>
  readCapture(nftTrace, lines.join('')).events.map(({ packet }) => packet)

const udp = (id: string, ttl: number, ipId: number, length: number, header: string) =>
  line(id, PRE, `ip ttl ${ttl} ip id ${ipId} ip protocol udp ip length ${length} ${header}`)
const FIRST = 'udp sport 59835 udp dport 5060 udp length 4208 @th,64,96 0x6e66776879206e6677687920'
const SECOND = 'udp sport 30568 udp dport 31008 udp length 28262 @th,64,96 0x79206e66776879206e667768'
const LAST = 'udp sport 28262 udp dport 30568 udp length 31008 @th,64,96 0x776879206e66776879206e66'

describe('later fragments', () => {
  it('have no ports, and come behind those before them', () => {
    const [first, second, last, forwarded] = packets(
      udp('01', 64, 26972, 1500, FIRST),
      udp('02', 64, 26972, 1500, SECOND),
      udp('03', 64, 26972, 1268, LAST),
      udp('02', 63, 26972, 1500, SECOND),
    )
    expect(first).toMatchObject({ protocol: 'udp', sport: 59835, dport: 5060 })
    expect(second).toMatchObject({ protocol: 'udp', fragOffset: 1480, moreFragments: true, length: 1500 })
    expect(last).toMatchObject({ protocol: 'udp', fragOffset: 2960, moreFragments: false })
    expect(forwarded).toMatchObject({ fragOffset: 1480, moreFragments: true, ttl: 63 })
    for (const later of [second, last, forwarded]) expect(later).not.toHaveProperty('dport')
  })

  it('are told of ICMP and TCP, too', () => {
    const icmp = (length: number, header: string) =>
      line('0a', PRE, `ip ttl 64 ip id 46279 ip protocol icmp ip length ${length} icmp ${header}`)
    const echo = 'type echo-request icmp code net-unreachable icmp id 31117 icmp sequence 1'
    const [, later] = packets(icmp(1500, echo), icmp(1068, 'type 136 icmp code 137 icmp id 35981 icmp sequence 36495'))
    expect(later).toMatchObject({ protocol: 'icmp', fragOffset: 1480 })
    expect(later).not.toHaveProperty('icmpType')
    const tcp = (length: number, header: string) =>
      line('0a', PRE, `ip ttl 64 ip id 777 ip protocol tcp ip length ${length} tcp ${header}`)
    const [, other] = packets(
      tcp(116, 'sport 40000 tcp dport 80 tcp flags == 0x18 tcp window 1000'),
      tcp(104, 'sport 12064 tcp dport 26729 tcp flags == 0x45 tcp window 21536'),
    )
    expect(other).toMatchObject({ protocol: 'tcp', fragOffset: 96 })
    expect(other).not.toHaveProperty('tcpFlags')
  })

  it('have no ports either where the first one was not traced, and the length does not end one', () => {
    expect(packets(udp('03', 64, 26972, 1267, LAST))[0]).not.toHaveProperty('sport')
  })
})

it('takes no whole packet for a fragment', () => {
  const whole = (sport: number) => `udp sport ${sport} udp dport 53 udp length 28`
  const [, again] = packets(udp('01', 64, 9, 48, whole(1)), udp('02', 64, 9, 48, whole(2)))
  expect(again).toMatchObject({ sport: 2, dport: 53 })
  const tcp = (sport: number) =>
    line('01', PRE, `ip ttl 64 ip id 9 ip protocol tcp ip length 60 tcp sport ${sport} tcp dport 80 tcp flags == syn`)
  const [, other] = packets(tcp(40000), tcp(40001))
  expect(other).toMatchObject({ sport: 40001, dport: 80 })
})
