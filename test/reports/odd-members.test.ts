/** A class is learned from packets that are alike; one that findings see otherwise is written as if it were alone. */
// @module-tag slow
import { describe, expect, it } from 'vitest'
import { playPackets } from '../../src/analysis/simulate.ts'
import { printedJourney } from '../../src/edits/fix.ts'
import {
  CaptureExplainer,
  type Host,
  type Packet,
  recognise,
  Simulator,
  type World,
  WorldBuilder,
} from '../../src/index.ts'
import { printableJson } from '../../src/model/printable.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { JourneyLines } from '../../src/reports/journey-lines.ts'
import { modelEngine } from '../../src/simulate/engine.ts'

interface Case {
  /** Rules of iptables' filter table; nft's where they begin so. */
  rules: string
  sets?: string
  host?: Host
  /** Of all. */
  packet?: Packet
  /** What the last one has besides. */
  odd: Packet
  /** The others have too little in common, too. */
  apart?: true
  /** What is said of it alone, where that is more than a different order. */
  says?: RegExp
}

const HOST: Host = {
  links: [link(1, 'lo', '127.0.0.1', 8), link(2, 'eth0', '172.28.129.4', 24), link(3, 'eth1', '10.1.0.1', 16)],
  routes: [
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', gateway: '172.28.129.1', device: 'eth0' },
    { family: 'ip', type: 'unicast', destination: '172.28.129.0/24', table: 'main', device: 'eth0' },
    { family: 'ip', type: 'unicast', destination: '10.1.0.0/16', table: 'main', device: 'eth1' },
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '100', gateway: '10.1.0.9', device: 'eth1' },
    { family: 'ip', type: 'local', destination: '127.0.0.0/8', table: 'local', device: 'lo' },
    { family: 'ip', type: 'local', destination: '172.28.129.4/32', table: 'local', device: 'eth0' },
    { family: 'ip', type: 'local', destination: '10.1.0.1/32', table: 'local', device: 'eth1' },
  ],
  routingRules: [],
  sysctls: new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.all.rp_filter', '0'],
    ['net.ipv4.conf.default.rp_filter', '0'],
  ]),
}

function link(index: number, name: string, address: string, prefixLength: number) {
  return { index, name, mtu: 1500, up: true, addresses: [{ family: 'ip' as const, address, prefixLength }] }
}

const ONLY = '-s 203.0.113.99 -j ACCEPT'
const RULES = [{ family: 'ip', priority: 0, action: { table: 'local' } }] as const
const MAIN = [{ family: 'ip', priority: 32_766, action: { table: 'main' } }] as const
/** In front of routing. */
const EARLY = '*mangle\n:PREROUTING DROP [0:0]\n-A PREROUTING -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n'
/** nat shows that the packet is the first of its connection. */
const tracked = (rule: string) =>
  `*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT ${rule}\nCOMMIT\n`
const OWN = {
  in: undefined,
  out: 'lo',
  src: '172.28.129.4',
  dst: '172.28.129.4',
  uid: 1000,
  gid: 1000,
} as unknown as Packet
const FORWARDED: Packet = { dst: '198.51.100.7', in: 'eth1', src: '10.1.0.200' }

const CASES: Readonly<Record<string, Case>> = {
  'a port in a range of a set': {
    rules: `-A INPUT -m set --match-set ports dst ${ONLY}`,
    sets: 'create ports bitmap:port range 0-65535\nadd ports 1000-2000\n',
    odd: { dport: 1500 },
    says: /near-miss/,
  },
  'an address under the netmask of a set': {
    rules: '-A INPUT -m set --match-set nets src -p tcp -m tcp --dport 81 -j ACCEPT',
    sets: 'create nets hash:ip family inet netmask 24\nadd nets 198.51.100.0\n',
    odd: { src: '198.51.100.77' },
    says: /near-miss/,
  },
  'a MAC address in a set': {
    rules: `-A INPUT -m set --match-set macs src ${ONLY}`,
    sets: 'create macs hash:mac\nadd macs 02:00:00:00:00:77\n',
    packet: { srcMac: '02:00:00:00:01:01' },
    odd: { srcMac: '02:00:00:00:00:77' },
    says: /near-miss/,
  },
  'the port of a connection': {
    rules: tracked(`-p tcp -m conntrack --ctorigdstport 8080 ${ONLY}`),
    odd: { dport: 8080 },
    says: /near-miss/,
  },
  'an address of the reply': {
    rules: tracked('-m conntrack --ctrepldst 172.28.129.77 -p udp -j ACCEPT'),
    odd: { src: '172.28.129.77' },
    says: /near-miss/,
  },
  'a sender that a rule behind the accept bans': {
    rules: '-A INPUT -p tcp -m tcp --dport 31000:32000 -j ACCEPT\n-A INPUT -s 203.0.113.99 -j DROP',
    odd: { src: '203.0.113.99' },
    says: /let-through/,
  },
  'an address at home in a network that is banned': {
    rules: '-A INPUT -p tcp -m tcp --dport 31000:32000 -j ACCEPT\n-A INPUT -s 128.0.0.0/1 -j DROP',
    odd: { src: '192.168.7.7' },
  },
  'a port above one': {
    rules:
      'table ip t { chain in { type filter hook input priority 0; policy drop; tcp dport > 40000 ip saddr 203.0.113.99 accept; }; }',
    odd: { dport: 50_000 },
    says: /near-miss/,
  },
  'a port under a mask': {
    rules:
      'table ip t { chain in { type filter hook input priority 0; policy drop; tcp dport & 0xff == 0x21 ip saddr 203.0.113.99 accept; }; }',
    odd: { dport: 0x4e21 },
    apart: true,
    says: /near-miss/,
  },
  'a frame for all': {
    rules: EARLY,
    packet: FORWARDED,
    odd: { dstMac: 'ff:ff:ff:ff:ff:ff' },
    says: /"after":"vanished"/,
  },
  'the first network of a range': {
    rules: '-A INPUT -m iprange --src-range 198.51.100.10-198.51.100.20 -j ACCEPT',
    odd: { src: '198.51.100.30' },
  },
  'a type of service that is routed elsewhere': {
    rules: EARLY,
    host: { routingRules: [...RULES, { family: 'ip', priority: 9, tos: 0x10, action: 'unreachable' }, ...MAIN] },
    packet: FORWARDED,
    odd: { tos: 0x10 },
    says: /"after":"vanished"/,
  },
  'a next hop that does not answer': {
    rules: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n',
    host: { neighbours: [{ family: 'ip', address: '10.1.0.77', device: 'eth1', state: ['FAILED'] }] },
    packet: { dst: '10.1.0.76' },
    odd: { dst: '10.1.0.77' },
    says: /neighbour-failed/,
  },
  'a packet to its own sender and port': {
    rules: '*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n',
    packet: OWN,
    odd: { sport: 7777, dport: 7777 },
  },
  'a port that is routed elsewhere': {
    rules: EARLY,
    host: {
      routingRules: [...RULES, { family: 'ip', priority: 9, sport: [6000, 6000], action: 'unreachable' }, ...MAIN],
    },
    packet: FORWARDED,
    odd: { sport: 6000 },
    says: /"after":"vanished"/,
  },
}

function worldOf({ rules, sets = '', host }: Case): World {
  const filter = `*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}\nCOMMIT\n`
  const text = /^(table|\*)/.test(rules) ? rules : filter
  const builder = new WorldBuilder()
  for (const one of [sets, text]) {
    const recognised = recognise(one)
    if (recognised && recognised.kind !== 'capture') builder.add('', one, recognised)
  }
  const { world } = builder
  return { ...world, host: { ...world.host, ...HOST, ...host } }
}

/** So many alike that lines are made of templates, and unchecked. */
const ALIKE = 80

function packetsOf({ packet, odd }: Case): Packet[] {
  const alike = Array.from({ length: ALIKE }, (_, i): Packet => {
    const macs = {
      srcMac: `02:00:00:00:01:${(16 + i).toString(16)}`,
      dstMac: `02:00:00:00:02:${(16 + (i % 4)).toString(16)}`,
    }
    const ends = { src: `203.0.114.${100 + i}`, dst: '172.28.129.4', sport: 20_000 + 7 * i, dport: 31_000 + 7 * i }
    const own = {
      tcpSeq: 1e6 + 999 * i,
      tcpAck: 0,
      tcpWindow: 60_000 - i,
      ipId: 300 + 17 * i,
      tos: [32, 64, 96, 128][i % 4]!,
    }
    return {
      in: 'eth0',
      protocol: 'tcp',
      tcpFlags: ['syn'],
      ttl: 64,
      length: 60,
      tcpOptions: '',
      ...macs,
      ...ends,
      ...own,
      ...packet,
    }
  })
  // not the last use of one class only
  return [...alike, { ...alike[9]!, ipId: 7, tcpSeq: 5e6, ...odd }, { ...alike[11]!, ipId: 8, tcpSeq: 6e6 }]
}

describe.each(Object.entries(CASES))('%s', (_, one) => {
  const world = worldOf(one)
  const packets = packetsOf(one)

  it('is told of in a simulation', () => {
    const alone = playPackets(world, packets, [])
    const lines = new JourneyLines('')
    let made = 0
    for (const played of playPackets(world, packets, [])) {
      const { text } = lines.lineOf(played)
      if (typeof text !== 'string') made++
      expect(asText(text)).toBe(printableJson(printedJourney(alone.next().value!.explain())))
    }
    expect(made).toBeGreaterThan(one.apart ? -1 : 5)
  })
})

// the kernel's log is of iptables
describe.each(Object.entries(CASES).filter(([, { rules }]) => !rules.startsWith('table')))('%s', (_, one) => {
  const world = worldOf(one)
  const packets = packetsOf(one)

  it('is told of in a log', () => {
    const logs = packets.map((packet, i) => logOf(world, packet, i))
    const fully = logs.map((log, i) => `{"id":"${i + 1}",${linesOf(world, log).texts[0]!.replace('{"id":"1",', '')}`)
    const { texts, made } = linesOf(world, logs.join(''))
    expect(made).toBeGreaterThan(one.apart ? -1 : 5)
    expect(texts.filter((text, i) => text !== fully[i])).toEqual(fully.filter((text, i) => text !== texts[i]))
    const { says } = one
    if (says) expect(texts.map((text) => says.test(text))).toEqual(packets.map((_, i) => i === ALIKE))
  })
})

const asText = (text: string | Uint8Array): string => (typeof text === 'string' ? text : new TextDecoder().decode(text))

function linesOf(world: World, log: string): { texts: string[]; made: number } {
  const lines = new JourneyLines('')
  const texts: string[] = []
  let made = 0
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => {
      const { text } = lines.lineOf(closed)
      if (typeof text !== 'string') made++
      texts.push(asText(text))
    },
    { engine: modelEngine },
  )
  explainer.push(new TextEncoder().encode(log))
  explainer.end()
  return { texts, made }
}

/** What the kernel would log of the packet, were it the first. */
function logOf(world: World, packet: Packet, n: number): string {
  const { evidence } = new Simulator(world).send(packet)
  return evidence.arrivals
    .map(({ packet: now }, i) => {
      const { table, chain, kind, reported, ruleNumber } = evidence.journey.steps[i]!
      const { dstMac, srcMac, src, dst, length, tos, ttl, ipId, sport, dport, tcpSeq, tcpWindow } = {
        ...packet,
        ...now,
      }
      const ways = `IN=${now.in ?? ''} OUT=${now.out ?? ''}${now.out === undefined ? ` MAC=${dstMac}:${srcMac}:08:00` : ''}`
      const bits = `TOS=0x${hex(tos! & 0x1e)} PREC=0x${hex(tos! & 0xe0)}`
      const ip = `SRC=${src} DST=${dst} LEN=${length} ${bits} TTL=${ttl} ID=${ipId} PROTO=TCP`
      const tcp = `SPT=${sport} DPT=${dport} SEQ=${tcpSeq} ACK=0 WINDOW=${tcpWindow} RES=0x00 SYN URGP=0`
      return `[${100 + n}.${String(1000 + i).padStart(6, '0')}] TRACE: ${table}:${chain}:${reported ?? kind}:${ruleNumber} ${ways} ${ip} ${tcp} \n`
    })
    .join('')
}

const hex = (number: number): string => number.toString(16).toUpperCase().padStart(2, '0')
