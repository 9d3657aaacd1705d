/** Lines that are put together from what a class shares are the lines that would have been written in full. */
// @module-tag slow
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { playPackets } from '../../src/analysis/simulate.ts'
import { printedJourney } from '../../src/edits/fix.ts'
import { CaptureExplainer, type Packet, recognise, Simulator, type World, WorldBuilder } from '../../src/index.ts'
import { printableJson } from '../../src/model/printable.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { JourneyLines, type Telling } from '../../src/reports/journey-lines.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { share } from '../share.ts'

const PACKETS = Math.max(400, share(2000))

const ROOT = new URL('../../', import.meta.url)
const HOST = 'examples/nodeport-clash/host/'
const host = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt'].map((name) => read(`${HOST}${name}`))
const routes6 =
  '2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\ndefault via 2001:db8::1 dev eth0 metric 1024 pref medium\n'

function read(name: string): string {
  return readFileSync(new URL(name, ROOT), 'utf8')
}

function worldOf(...texts: string[]): World {
  const builder = new WorldBuilder()
  for (const text of texts) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add('', text, recognised)
  }
  return builder.world
}

const WORLDS: Readonly<Record<string, World>> = {
  'nodeport-clash': worldOf(read('examples/nodeport-clash/rules.v4'), ...host),
  ...Object.fromEntries(
    ['iptables', 'ip6tables', 'nft'].map((name) => [
      name,
      worldOf(read(`fixtures/reports/lines/${name}.rules`), ...host, ...(name === 'iptables' ? [] : [routes6])),
    ]),
  ),
}

let seed = Number(process.env.NFWHY_SEED ?? 1) * 7919
function random(below: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >> 8) % below
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!

const OWN = { 4: '172.28.129.4', 6: '2001:db8::4' } as const

function address(version: 4 | 6): string {
  if (version === 6) return pick([`2001:db8::${random(60_000).toString(16)}`, `2001:db8:${random(9)}::${random(99)}`])
  return pick([
    `172.28.129.${random(256)}`,
    `198.51.100.${random(256)}`,
    `10.${random(3)}.${random(256)}.${random(99)}`,
  ])
}

function packet(version: 4 | 6): Packet {
  const protocol = pick(['tcp', 'tcp', 'udp', version === 6 ? 'icmpv6' : 'icmp'])
  const one: Packet = { in: pick(['eth0', 'eth0', 'eth0', 'lo']), protocol, src: address(version), dst: OWN[version] }
  if (random(3) === 0) one.dst = address(version)
  if (protocol === 'tcp' || protocol === 'udp') {
    one.sport = random(5) === 0 ? random(100) : 1024 + random(60_000)
    one.dport = pick([80, 80, 443, 22, 8080, 52_000, 30_017, random(65_536)])
  } else
    Object.assign(one, { icmpType: version === 6 ? 128 : 8, icmpCode: 0, icmpId: random(65_536), icmpSeq: random(3) })
  if (protocol === 'tcp') {
    one.tcpFlags = pick([['syn'], ['syn'], ['ack'], ['psh', 'ack']])
    Object.assign(one, {
      tcpSeq: random(2 ** 22) * random(1000),
      tcpAck: random(2) * random(2 ** 22),
      tcpWindow: random(65_536),
    })
    one.tcpOptions = pick(['020405B4', `0101080A${(0x10000000 + random(2 ** 22)).toString(16).toUpperCase()}00000000`])
  }
  one.ttl = pick([64, 64, 63, 128, 1, 2])
  one.length = pick([40, 60, 60, 1500, 40 + random(1400)])
  if (version === 4) Object.assign(one, { ipId: random(65_536), dontFragment: random(2) === 0, tos: pick([0, 0, 16]) })
  return one
}

/** Some kinds of packets, each with values of its own: what differs is now and then seen first when much was learned. */
function packets(count: number, version: () => 4 | 6): Packet[] {
  const kinds = Array.from({ length: 8 }, () => packet(version()))
  return Array.from({ length: count }, () => {
    const kind = pick(kinds)
    const other = packet(kind.dst!.includes(':') ? 6 : 4)
    const one: Packet = { ...kind }
    const take = (...keys: (keyof Packet)[]) => {
      for (const key of keys)
        if (one[key] !== undefined && other[key] !== undefined) Object.assign(one, { [key]: other[key] })
    }
    take('sport', 'tcpSeq', 'ipId', 'icmpId')
    if (random(2) === 0) take('tcpAck', 'tcpWindow', 'tcpOptions', 'icmpSeq')
    if (random(10) === 0) take('ttl', 'length', 'tos')
    if (random(20) === 0) take('src', 'dport', 'dontFragment')
    else if (!kind.src!.includes(':') && random(2) === 0) one.src = kind.src!.replace(/\d+$/, String(random(256)))
    return one
  })
}

/** In full beside it, by another one who shares nothing. */
function compare(lines: JourneyLines, one: Telling, alone: () => string): boolean {
  const { text } = lines.lineOf(one)
  expect(typeof text === 'string' ? text : new TextDecoder().decode(text)).toBe(alone())
  return typeof text !== 'string'
}

describe.each(Object.entries(WORLDS))('through %s', (name, world) => {
  const version = () => (name === 'ip6tables' || (name === 'nft' && random(4) === 0) ? 6 : 4)

  it('simulated packets', () => {
    // some of them again, on a connection that is known then
    const all = packets(PACKETS, version).flatMap((one) => (random(8) > 0 ? [one] : [one, one]))
    const lines = new JourneyLines('')
    let shared = 0
    const alone = playPackets(world, all, [])
    for (const one of playPackets(world, all, []))
      if (compare(lines, one, () => printableJson(printedJourney(alone.next().value!.explain())))) shared++
    expect(shared).toBeGreaterThan(all.length / 5)
  })
})

// the kernel's log is of iptables
describe.each(Object.entries(WORLDS).filter(([name]) => name !== 'nft'))('in a log of %s', (name, world) => {
  const version = () => (name === 'ip6tables' ? 6 : 4)

  it('captured packets, several under way at once', () => {
    const log = logOf(world, packets(PACKETS, version))
    const fully: string[] = []
    explainLog(world, log, (closed) => fully.push(printableJson(printedJourney(closed.explain()))))
    const lines = new JourneyLines('')
    let at = 0
    let shared = 0
    explainLog(world, log, (closed) => {
      if (compare(lines, closed, () => fully[at++]!)) shared++
    })
    expect(at).toBe(fully.length)
    expect(shared).toBeGreaterThan(fully.length / 5)
  })
})

function explainLog(world: World, log: string, onClosed: ConstructorParameters<typeof CaptureExplainer>[3]): void {
  const explainer = new CaptureExplainer(kernelLog, world, () => {}, onClosed, { engine: modelEngine })
  explainer.push(new TextEncoder().encode(log))
  explainer.end()
}

/** What the kernel would log of the packets: lines of up to four of them stand in turn, and some packets come twice. */
function logOf(world: World, packets: readonly Packet[]): string {
  const machine = new Simulator(world)
  const coming = packets.flatMap((one) => {
    const { evidence } = machine.send(one)
    const lines = evidence.arrivals.flatMap(({ packet: now, rule }, i) => {
      const { table, chain, kind, reported, ruleNumber } = evidence.journey.steps[i]!
      const headers = headersOf({ ...one, ...now })
      const traced = `TRACE: ${table}:${chain}:${reported ?? kind}:${ruleNumber} ${headers}`
      const logged = rule?.statements.find((statement) => statement.kind === 'log')
      return logged?.kind === 'log' ? [traced, `${logged.prefix ?? ''}${headers}`] : [traced]
    })
    return random(15) === 0 ? [lines, lines] : [lines]
  })
  const open = coming.splice(0, 4).map((lines) => [...lines])
  let log = ''
  let micros = 5e6
  while (open.length > 0) {
    const place = random(open.length)
    const line = open[place]!.shift()
    micros += 1 + random(2000)
    if (line !== undefined) log += `[${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}] ${line}\n`
    if (open[place]!.length > 0) continue
    const next = coming.shift()
    if (next) open[place] = [...next]
    else open.splice(place, 1)
  }
  return log
}

/** As nf_log prints them. */
function headersOf(one: Packet): string {
  const six = one.dst!.includes(':')
  const words = [`IN=${one.in ?? ''}`, `OUT=${one.out ?? ''}`]
  if (one.in !== undefined && one.out === undefined) words.push('MAC=00:15:5d:12:e2:28:00:15:5d:12:e2:24:08:00')
  words.push(`SRC=${one.src}`, `DST=${one.dst}`, `LEN=${one.length}`)
  if (six) words.push('TC=0', `HOPLIMIT=${one.ttl}`, 'FLOWLBL=0')
  else {
    words.push(`TOS=0x${(one.tos ?? 0).toString(16).padStart(2, '0')}`, 'PREC=0x00', `TTL=${one.ttl}`, `ID=${one.ipId}`)
    if (one.dontFragment) words.push('DF')
  }
  words.push(`PROTO=${one.protocol === 'icmpv6' ? 'ICMPv6' : one.protocol!.toUpperCase()}`)
  if (one.icmpType !== undefined)
    words.push(`TYPE=${one.icmpType}`, `CODE=${one.icmpCode}`, `ID=${one.icmpId}`, `SEQ=${one.icmpSeq}`)
  else words.push(`SPT=${one.sport}`, `DPT=${one.dport}`)
  if (one.protocol === 'tcp') {
    words.push(`SEQ=${one.tcpSeq}`, `ACK=${one.tcpAck}`, `WINDOW=${one.tcpWindow}`, 'RES=0x00')
    words.push(...one.tcpFlags!.map((flag) => flag.toUpperCase()), 'URGP=0', `OPT (${one.tcpOptions})`)
  } else if (one.protocol === 'udp') words.push(`LEN=${one.length! - (six ? 40 : 20)}`)
  if (one.mark) words.push(`MARK=0x${one.mark.toString(16)}`)
  return `${words.join(' ')} `
}
