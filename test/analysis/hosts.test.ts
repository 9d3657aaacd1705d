import { describe, expect, test } from 'vitest'
import { HostCorrelator } from '../../src/analysis/hosts.ts'
import type { Journey, Packet, Step } from '../../src/index.ts'

const SYN: Packet = {
  in: 'eth0',
  ...{ src: '192.0.2.1', dst: '198.51.100.9', protocol: 'tcp', sport: 40_000, dport: 80 },
  ...{ tcpFlags: ['syn'], tcpSeq: 77, tcpAck: 0, ipId: 4711, ttl: 64, length: 60 },
}

const DATAGRAM: Packet = {
  in: 'eth0',
  ...{ src: '192.0.2.1', dst: '198.51.100.9', protocol: 'udp', sport: 5, dport: 53, ipId: 9 },
}

let ids = 0

/** Forwarded, its TTL one less, if nothing else is said. */
function journey(
  host: string,
  packet: Packet,
  last: Partial<Step> = {},
  outcome: Journey['outcome'] = 'forwarded',
): Journey {
  const step = {
    n: 1,
    family: 'ip',
    hook: 'postrouting',
    kind: 'rule',
    known: 'observed',
    changes: [],
    ...last,
  } as Step
  if (packet.ttl !== undefined && step.ttl === undefined && outcome === 'forwarded') step.ttl = packet.ttl - 1
  return {
    id: String(++ids),
    host,
    family: 'ip',
    packet,
    steps: [step],
    outcome,
    basis: 'observed',
    cause: [],
    findings: [],
  }
}

function joined(...journeys: Journey[]): string[] {
  const correlator = new HostCorrelator((host) => host ?? '?')
  for (const one of journeys) correlator.note(one)
  return correlator.joined().map(({ from, to }) => `${from.host} ${to.host}`)
}

const behind = (ttl: number, more: Partial<Packet> = {}): Packet => ({ ...SYN, ttl, ...more })

describe('is joined', () => {
  test('as it left, with what NAT made of it', () => {
    const dnat = {
      changes: [
        { field: 'dst', from: '198.51.100.9', to: '10.0.0.9' },
        { field: 'dport', from: 80, to: 8080 },
      ],
    }
    const there = behind(63, { dst: '10.0.0.9', dport: 8080 })
    expect(joined(journey('a', SYN, dnat), journey('b', there))).toEqual(['a b'])
    expect(joined(journey('a', SYN), journey('b', there))).toEqual([])
  })

  test('whatever source a masquerade chose, which no line shows', () => {
    const there = behind(63, { src: '203.0.113.5', sport: 1024 })
    expect(joined(journey('a', SYN, { verdict: 'masquerade' }), journey('b', there))).toEqual(['a b'])
    expect(joined(journey('a', SYN), journey('b', there))).toEqual([])
  })

  test('along a row of hosts, each with the next', () => {
    const hosts = [journey('a', SYN), journey('b', behind(63)), journey('c', behind(62), {}, 'delivered')]
    expect(joined(...hosts)).toEqual(['a b', 'b c'])
    // the order in which they were read does not matter
    expect(joined(hosts[2]!, hosts[0]!, hosts[1]!).sort()).toEqual(['a b', 'b c'])
  })

  test('over a router that was not looked at', () => {
    expect(joined(journey('a', SYN), journey('c', behind(60), {}, 'delivered'))).toEqual(['a c'])
  })

  test('an echo request by id and sequence, a datagram by its IP ID', () => {
    const echo: Packet = {
      in: 'eth0',
      src: '192.0.2.1',
      dst: '198.51.100.9',
      protocol: 'icmp',
      icmpType: 8,
      icmpId: 5,
      icmpSeq: 1,
      ipId: 0,
    }
    expect(joined(journey('a', echo), journey('b', echo, {}, 'delivered'))).toEqual(['a b'])
    expect(joined(journey('a', DATAGRAM), journey('b', DATAGRAM, {}, 'delivered'))).toEqual(['a b'])
  })
})

describe('is not joined', () => {
  test.each<[string, Journey[]]>([
    ['on one host', [journey('a', SYN), journey('a', behind(63))]],
    ['what was dropped', [journey('a', SYN, {}, 'dropped'), journey('b', behind(63))]],
    ['what this host sent itself', [journey('a', SYN), journey('b', (({ in: _, ...sent }) => sent)(behind(63)))]],
    [
      'a datagram whose IP ID tells nothing',
      [journey('a', { ...DATAGRAM, ipId: 0 }), journey('b', { ...DATAGRAM, ipId: 0 })],
    ],
    ['two routers of which nothing tells which was first', [journey('a', DATAGRAM), journey('b', DATAGRAM)]],
    ['one that two hosts may have had', [journey('a', SYN), journey('b', behind(63)), journey('c', behind(63))]],
    ['one that came to two, from either', [journey('a', SYN), journey('b', SYN), journey('c', behind(63))]],
    ['another of the same flow', [journey('a', SYN), journey('b', behind(63, { tcpFlags: ['ack'] }))]],
    ['another length', [journey('a', SYN), journey('b', behind(63, { length: 61 }))]],
  ])('%s', (_, journeys) => {
    expect(joined(...journeys)).toEqual([])
  })
})
