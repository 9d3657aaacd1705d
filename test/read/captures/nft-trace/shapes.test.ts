/** What `nft monitor trace` prints, of old and new versions, and what becomes of it where people paste it. */
import { describe, expect, it } from 'vitest'
import type { Journey } from '../../../../src/model/journey.ts'
import { recognise } from '../../../../src/read/recognise.ts'
import { type Explained, explainFile } from '../../../journey/journeys.ts'

const HEADERS =
  'ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 ip saddr 192.0.2.2 ip daddr 198.51.100.2 ip dscp af21 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22 tcp flags == 0x12 tcp window 29200 '
const TRACE = [
  `trace id 0a0b0c0d inet filter pre packet: iif "lan" ${HEADERS}`,
  'trace id 0a0b0c0d inet filter pre rule meta nftrace set 1 (verdict continue)',
  'trace id 0a0b0c0d inet filter pre policy accept ',
  `trace id 0a0b0c0d inet filter forward packet: iif "lan" oif "wan" ${HEADERS.replace('ttl 64', 'ttl 63')}`,
  'trace id 0a0b0c0d inet filter forward rule tcp dport 22 jump web # handle 5 (verdict jump web)',
  'trace id 0a0b0c0d inet filter web unknown rule handle 9 (verdict drop)',
]

const one = (lines: readonly string[] | string): Explained =>
  explainFile(typeof lines === 'string' ? lines : `${lines.join('\n')}\n`)
const steps = (journey: Journey | undefined): string[] =>
  journey?.steps.map(({ chain, kind, handle, verdict }) => `${chain} ${kind} ${handle ?? ''} ${verdict}`) ?? []
const STEPS = ['pre rule  continue', 'pre policy  accept', 'forward rule 5 jump web', 'web rule 9 drop']

describe('as nft prints it', () => {
  const { journeys, told } = one(TRACE)

  it('is one journey, with all that is shown', () => {
    expect(told).toEqual([])
    expect(journeys.map(steps)).toEqual([STEPS])
    expect(journeys[0]).toMatchObject({
      traceId: '0a0b0c0d',
      family: 'ip',
      outcome: 'dropped',
      packet: {
        in: 'lan',
        src: '192.0.2.2',
        dst: '198.51.100.2',
        protocol: 'tcp',
        sport: 40000,
        dport: 22,
        tcpFlags: ['syn', 'ack'],
        tcpWindow: 29200,
        ipId: 7,
        ttl: 64,
        tos: 0x48,
        length: 60,
        srcMac: '02:00:00:00:00:02',
        dstMac: '02:00:00:00:00:01',
      },
    })
    // nft does not print that bit
    expect(journeys[0]!.packet.dontFragment).toBeUndefined()
  })

  it('tells hooks by the interfaces and the order, and depths by the jumps', () => {
    expect(journeys[0]!.steps.map(({ hook, depth }) => `${hook} ${depth}`)).toEqual([
      'prerouting 0',
      'prerouting 0',
      'forward 0',
      'forward 1',
    ])
  })
})

describe('what people paste', () => {
  const pasted: [string, string[]][] = [
    ['indented', TRACE.map((line) => `    ${line}`)],
    ['quoted', TRACE.map((line) => `> ${line.trimEnd()}`)],
    ['without blanks at the ends', TRACE.map((line) => line.trimEnd())],
    ['with carriage returns', TRACE.map((line) => `${line}\r`)],
    [
      'with prose and prompts between',
      ['# nft monitor trace', '', ...TRACE.flatMap((line) => [line, 'so far so good'])],
    ],
    ['wrapped at blanks', TRACE.flatMap((line) => line.replace(/(.{60}\S*) /g, '$1\n').split('\n'))],
    ['wrapped in the middle of words', [TRACE[0]!.trimEnd().replace(/(.{77})/g, '$1\n'), ...TRACE.slice(1)]],
  ]
  it.each(pasted)('%s', (_, lines) => {
    const { journeys } = one(lines)
    expect(journeys.map(steps)).toEqual([STEPS])
    expect(journeys[0]!.packet).toEqual(one(TRACE).journeys[0]!.packet)
  })

  it('has times and hosts, each host with ids of its own', () => {
    const from = (host: string, second: number) => (line: string, i: number) =>
      `2026-01-05T21:23:${second + i}.500000+01:00 ${host} nft[12]: ${line}`
    const left = TRACE.map(from('left', 10))
    const right = TRACE.map(from('right', 10))
    const { journeys } = one(left.flatMap((line, i) => [line, right[i]!]))
    expect(journeys.map(({ host }) => host)).toEqual(['left', 'right'])
    expect(journeys.map(steps)).toEqual([STEPS, STEPS])
    expect(journeys[0]!.time).toEqual({
      first: '2026-01-05T21:23:10.500000+01:00',
      last: '2026-01-05T21:23:15.500000+01:00',
    })
  })

  it('is told apart by names in front', () => {
    const { journeys } = one(TRACE.flatMap((line) => [`node1: ${line}`, `[node2] ${line}`]))
    expect(journeys.map(({ host }) => host)).toEqual(['node1', 'node2'])
    expect(journeys.map(steps)).toEqual([STEPS, STEPS])
  })

  it('is elided: what stands there is used, and the rest is told', () => {
    const elided = TRACE.map((line) =>
      line.replace(/ether saddr.* ip protocol/, '.. ip saddr 192.0.2.2 .. ip protocol'),
    )
    const { journeys, told } = one(elided)
    expect(journeys.map(steps)).toEqual([STEPS])
    expect(told).toEqual(['1 unknown-words'])
    expect(journeys[0]!.packet).toMatchObject({ src: '192.0.2.2', dport: 22 })
  })
})

describe('lines of other kinds', () => {
  it('conntrack, of nft 1.1.4 and later, stands in front of the packet', () => {
    const { journeys, told } = one([
      ...TRACE.slice(0, 3),
      'trace id 0a0b0c0d inet filter forward conntrack: ct direction original ct state new ct status dnat-done,confirmed ct id 32 ',
      ...TRACE.slice(3),
    ])
    expect(told).toEqual([])
    expect(journeys[0]!.packet.ctState).toBeUndefined()
    expect(journeys.map(steps)).toEqual([STEPS])
    const seen = one([
      'trace id 0a0b0c0d inet filter pre conntrack: ct direction reply ct state established ct id 32 ',
      ...TRACE,
    ])
    expect(seen.journeys[0]!.packet).toMatchObject({ ctState: 'established', ctDir: 'reply' })
  })

  it('lost events are counted and told, and nothing is concluded from what is missing', () => {
    const { journeys, told, stats } = one([
      ...TRACE.slice(0, 3),
      '# ERROR: We lost some netlink events!',
      ...TRACE.map((line) => line.replace('0a0b0c0d', '0000000e').replace('ip id 7', 'ip id 8')),
    ])
    expect([stats.lost, stats.skipped, told]).toEqual([1, 0, ['4 events-lost']])
    expect(journeys.map(({ outcome }) => outcome)).toEqual(['undetermined', 'dropped'])
    expect(journeys[0]!.findings.map(({ code }) => code)).toContain('lost-events')
  })

  it('changes of the ruleset and lines that are cut are counted and told', () => {
    const { told, stats } = one([
      ...TRACE,
      'add rule inet filter pre counter # handle 12',
      '# new generation 5 by process 123 (nft)',
      'trace id 0a0b0c0d inet filter web rule drop (verd',
      'trace id zzz',
    ])
    expect(told).toEqual(['7 ruleset-change', '9 cut-line'])
    expect(stats.skipped).toBe(4)
  })

  it('verdict lines end a chain, and have the mark that policies have', () => {
    const { journeys } = one([
      TRACE[0]!,
      'trace id 0a0b0c0d inet filter pre rule meta mark set 0x00000005 (verdict continue)',
      'trace id 0a0b0c0d inet filter pre verdict continue meta mark 0x00000005 ',
      'trace id 0a0b0c0d inet filter pre policy accept meta mark 0x00000005 ',
    ])
    expect(steps(journeys[0])).toEqual(['pre rule  continue', 'pre return  continue', 'pre policy  accept'])
    expect(journeys[0]!.steps.map(({ mark }) => mark)).toEqual([undefined, 5, 5])
  })

  it('raw bytes are read, hex and decimal', () => {
    const ip = '4500002000070000401100000a000001c6336402'
    const udp = '9c4000350000000c6162636465666768'
    const raw = (network: string, transport: string) =>
      one(`trace id 1 netdev nd ing packet: iif "lan" @ll,0,112 0x800 @nh,0,160 ${network} @th,0,128 ${transport} \n`)
    const hex = raw(`0x${ip}`, `0x${udp}`)
    expect(hex.told).toEqual([])
    const packet = { src: '10.0.0.1', dst: '198.51.100.2', protocol: 'udp', sport: 40000, dport: 53, ipId: 7, ttl: 64 }
    expect(hex.journeys[0]!.packet).toMatchObject(packet)
    expect(raw(String(BigInt(`0x${ip}`)), String(BigInt(`0x${udp}`))).journeys[0]!.packet).toMatchObject(packet)
  })

  it('a report of multicast listener discovery is known by what stands behind its hop-by-hop header', () => {
    const report = (nexthdr: string, bytes: string) =>
      one(
        `trace id 1 inet filter output packet: oif "eth0" ip6 saddr fe80::5 ip6 daddr ff02::1:ff00:1 ip6 dscp cs0 ip6 ecn not-ect ip6 hoplimit 1 ip6 flowlabel 0 ip6 nexthdr ${nexthdr} ip6 length 32 @th,0,160 0x${bytes} \n`,
      ).journeys[0]!.packet
    const bytes = '8300e6c400000000ff0200000000000000000001'
    const packet = { dst: 'ff02::1:ff00:1', protocol: 'icmpv6', icmpType: 131, icmpCode: 0, ttl: 1 }
    expect(report('ip', bytes)).toMatchObject(packet)
    expect(report('hopopt', bytes)).toMatchObject(packet)
    expect(report('0', bytes)).toMatchObject(packet)
    // behind other headers nothing tells which it is
    expect(report('ipv6-opts', bytes)).not.toHaveProperty('protocol')
    expect(report('ip', '9c4000350000000c616263646566676800000000')).not.toHaveProperty('protocol')
  })

  it('a rule whose text looks like the end of a line stays one rule', () => {
    const text = 'udp dport 53 log prefix "x # handle 9 (verdict drop)"'
    const { journeys } = one([
      TRACE[0]!,
      `trace id 0a0b0c0d inet filter pre rule ${text} # handle 10 (verdict continue)`,
    ])
    expect(journeys[0]!.steps[0]).toMatchObject({ rule: text, handle: 10, verdict: 'continue' })
  })
})

describe('trace ids', () => {
  const again = (id: string, change: (line: string) => string = (line) => line) =>
    TRACE.map((line) => change(line.replace('0a0b0c0d', id)))

  it('are used again: another packet begins where the way begins anew', () => {
    const accepted = TRACE.slice(0, 3)
    const { journeys } = one([...accepted, ...accepted, ...TRACE])
    expect(journeys.map(steps)).toEqual([STEPS.slice(0, 2), STEPS.slice(0, 2), STEPS])
  })

  it('are used again by another packet further on', () => {
    const other = TRACE.slice(3).map((line) => line.replace('ip id 7', 'ip id 99'))
    const { journeys } = one([...TRACE.slice(0, 3), ...other])
    expect(journeys.map(steps)).toEqual([STEPS.slice(0, 2), STEPS.slice(2)])
  })

  it('may change on the way: the packet is known by its content', () => {
    const { journeys } = one([...TRACE.slice(0, 3), ...again('00000001').slice(3)])
    expect(journeys.map(steps)).toEqual([STEPS])
    expect(journeys[0]!.traceId).toBe('0a0b0c0d')
  })

  it('are interleaved', () => {
    const second = again('00000001', (line) => line.replace('ip id 7', 'ip id 8').replace('40000', '40001'))
    const { journeys } = one(TRACE.flatMap((line, i) => [line, second[i]!]))
    expect(journeys.map(steps)).toEqual([STEPS, STEPS])
    expect(journeys.map(({ packet }) => packet.sport)).toEqual([40000, 40001])
  })

  it.each(['0a0b0c0d', '00000002'])('over lo, out and in again, under id %s', (id) => {
    const local = HEADERS.replace(/ether.*?ip saddr/, 'ip saddr').replace('ip id 7', 'ip id 0')
    const { journeys } = one([
      `trace id 0a0b0c0d inet filter output packet: oif "lo" ${local}`,
      'trace id 0a0b0c0d inet filter output policy accept ',
      `trace id 0a0b0c0d inet filter postrouting packet: oif "lo" ${local}`,
      'trace id 0a0b0c0d inet filter postrouting policy accept ',
      `trace id ${id} inet filter prerouting packet: iif "lo" @ll,0,112 0x800 ${local}`,
      `trace id ${id} inet filter prerouting policy accept `,
      `trace id ${id} inet filter input packet: iif "lo" @ll,0,112 0x800 ${local}`,
      `trace id ${id} inet filter input policy accept `,
    ])
    expect(journeys.map(({ steps: all }) => all.map(({ hook }) => hook))).toEqual([
      ['output', 'postrouting', 'prerouting', 'input'],
    ])
    expect(journeys[0]).toMatchObject({ outcome: 'delivered', basis: 'inferred' })
  })
})

it('is recognised in the midst of other things', () => {
  expect(recognise(`hello\n$ nft monitor trace\n${TRACE[2]}`)?.format.id).toBe('nft-trace')
  expect(recognise('trace id is what nft calls it')).toBeUndefined()
})

it('what stands behind an extension header of IPv6 is not shown', () => {
  const headers = 'ip6 saddr :: ip6 daddr ff02::16 ip6 hoplimit 1 ip6 nexthdr ip ip6 length 76 '
  const [journey] = one([
    `trace id 0a0b0c0d inet t out packet: oif "eth0" ${headers}`,
    'trace id 0a0b0c0d inet t out rule meta l4proto ipv6-icmp accept # handle 2 (verdict accept)',
  ]).journeys
  expect(journey?.packet).toMatchObject({ dst: 'ff02::16', length: 116 })
  expect(journey?.packet.protocol).toBeUndefined()
})
