/**
 * What findings make of values that no rule asks for: a port may be a slip away from one that a rule names, an address in
 * the network of one, private, or spoken of in a rule's words. Packets that are alike in all this are told of alike.
 */
import { addAddresses, fieldsAsked, ipv4Number, Ranges, readFields } from '../journey/asked.ts'
import type { Value } from '../model/member.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { groupMac } from '../rules/group-mac.ts'
import { SERVICES } from '../rules/iptables/values/services.ts'

import { isCompared } from './counterfactual/map-keys.ts'
import { OTHER_PORT } from './counterfactual/unreached.ts'

type Range = readonly [number, number]

/** Private ones and those that no router hands on (explain/counterfactual/undeliverable.ts). */
const NETWORKS = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'].concat([
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
])

const PORTS = 65_536

/** NAT leaves a source port among those that are alike (net/netfilter/nf_nat_core.c). */
const PRIVILEGED: readonly Range[] = [
  [0, 511],
  [512, 1023],
]

export class Nuances {
  private readonly addresses: Ranges
  private readonly ports: Ranges
  private readonly wholeAddresses: boolean
  private readonly wholePorts: boolean
  private readonly hasBridges: boolean
  /** Ports that say something by themselves, as the packet's source and as its destination. */
  private readonly sources = new Uint8Array(PORTS)
  private readonly destinations = new Uint8Array(PORTS)

  constructor(world: World) {
    const asked = fieldsAsked(world)
    const addresses = [...asked.saddr, ...asked.daddr]
    const also = (text: string) => addAddresses(text, addresses)
    NETWORKS.forEach(also)
    for (const link of world.host.links ?? [])
      for (const { address, prefixLength } of link.addresses ?? [])
        if (!address.includes(':')) also(`${address}/${prefixLength}`)
    for (const text of textsOf(world)) {
      for (const [address] of text.matchAll(ADDRESS)) also(address)
      for (const [, port] of text.matchAll(PORT)) if (Number(port) < PORTS) this.destinations[Number(port)] = 1
    }
    // a network's first address may be spoken of as a host, and of a list or range the first is compared
    const firsts = addresses.map(([from]) => from)
    this.addresses = new Ranges([
      ...addresses,
      ...firsts.map((first): Range => [first, first]),
      ...firsts.map(networkAround),
    ])
    this.wholeAddresses = asked.gaps
    this.hasBridges = world.host.links?.some(({ kind }) => kind === 'bridge') ?? false
    this.ports = new Ranges([...asked.sport, ...asked.answering, ...asked.dport, ...PRIVILEGED])
    for (const port of Object.values(SERVICES)) this.destinations[port] = 1
    this.wholePorts = asked.wholePorts
    // not what NAT writes, nor what conntrack and long sets list: no finding compares with their ports
    const { sport, dport } = readFields(
      { ...world, sets: world.sets.filter(isCompared), host: { ...world.host, conntrack: [] } },
      false,
    )
    noteLike(sport, this.sources)
    noteLike(dport, this.destinations)
  }

  /** What of the values makes a difference, though no rule asks for it. */
  of(names: readonly string[], values: readonly Value[]): string {
    let key = ''
    // a packet to its own sender, or port, is its own reply
    let [source, sourcePort]: Value[] = []
    // an error that shows nothing of its flow is told by who has sent it to whom (findings/refused-there.ts)
    const icmp = values[names.indexOf('icmpType')]
    if ((icmp === 3 || icmp === 1) && !names.includes('inner'))
      key += ` ${values[names.indexOf('src')]} ${values[names.indexOf('dst')]}`
    for (let i = 0; i < names.length; i++) {
      const value = values[i]
      switch (names[i]) {
        case 'src':
          source = value
          key += ` ${this.addressOf(value)}`
          break
        case 'dst':
          key += ` ${this.addressOf(value)}${value === source ? '=' : ''}`
          break
        case 'sport':
          sourcePort = value
          key += ` ${this.portOf(value, this.sources)}`
          break
        case 'dport':
          key += ` ${this.portOf(value, this.destinations)}${value === sourcePort ? '=' : ''}`
          // what is for anybody is asked with another port (counterfactual/unreached.ts)
          if (typeof value === 'number') key += `^${this.ports.classOf(value ^ OTHER_PORT)}`
          break
        case 'dstMac':
          // the kernel forwards only what was sent to this host alone, and a bridge what was not, by its address
          key += ` ${groupMac(String(value)) ?? (this.hasBridges ? value : '')}`
          break
        case 'inner':
          if (typeof value === 'string') key += ` ${this.ofQuoted(JSON.parse(value) as Packet)}`
          break
        case 'mark':
        case 'ctMark':
          key += ` ${value}`
          break
        case 'tcpSeq':
        case 'tcpAck':
        case 'tcpWindow':
        case 'ipId':
          if (value === 0) key += ` ${i}`
      }
    }
    return key
  }

  /** An ICMP error belongs to the flow of what it quotes. */
  private ofQuoted({ protocol, src, dst, sport, dport }: Packet): string {
    const ports = [this.portOf(sport, this.sources), this.portOf(dport, this.destinations)]
    return `[${[protocol, this.addressOf(src), this.addressOf(dst), ...ports].join(' ')}]`
  }

  private addressOf(value: Value): Value {
    const number = typeof value === 'string' && !this.wholeAddresses ? ipv4Number(value) : undefined
    return number === undefined ? value : this.addresses.classOf(number)
  }

  private portOf(value: Value, telling: Uint8Array): Value {
    if (typeof value !== 'number' || this.wholePorts) return value
    return telling[value] === 1 ? `:${value}` : this.ports.classOf(value)
  }
}

const ADDRESS = /\d+\.\d+\.\d+\.\d+(?:-\d+\.\d+\.\d+\.\d+|\/\d+)?/g

/** As rules and comments word ports: `--dport 80`, `--dports 80,443`, `10.0.0.1:80` (findings/dnat-mismatch.ts). */
const PORT = /(?:port(?:s|)(?:-src|-dst|) |[,:])(\d+)/g

/** Of a World, what has been found out. */
export const nuancesOf = memo((world: World) => new Nuances(world))

/** Rules as they are printed, with their comments; findings look for addresses and ports in them. */
function* textsOf({ tables }: World): Generator<string> {
  for (const { chains } of tables) for (const { rules } of chains.values()) for (const { text } of rules) yield text
}

/** The /24 that the address is in. */
const networkAround = (address: number): Range => [address - (address % 256), address - (address % 256) + 255]

/** Findings compare a packet's port with those that rules want of the same side, and sockets have. */
function noteLike(wanted: readonly Range[], telling: Uint8Array): void {
  for (const port of new Set(wanted.flat())) for (const like of portsLike(port)) telling[like] = 1
}

/** All ports that looksLike takes for a slip of the pen. */
export function portsLike(port: number): number[] {
  // damaged rules name numbers that no port has, of any length
  if (!(port >= 0 && port < 10 * PORTS)) return []
  const found = new Set([port - 1, port, port + 1])
  const { length } = String(port)
  const isLong = length > 1
  // `right`: how many digits stand behind the place; no number is printed with a zero in front
  for (let right = 0; right <= length; right++) {
    const [unit, isFirst] = [10 ** right, right === length - 1]
    const [before, behind] = [Math.floor(port / unit), port % unit]
    const rest = Math.floor(before / 10)
    for (let digit = 0; digit < 10; digit++) {
      if (right === length ? digit > 0 : port > 0) found.add((before * 10 + digit) * unit + behind)
      if (right < length && !(isFirst && isLong && digit === 0)) found.add((rest * 10 + digit) * unit + behind)
    }
    if (right < length && isLong && !(isFirst && right > 1 && behind < unit / 10)) found.add(rest * unit + behind)
  }
  addOrders([...String(port)].map(Number), length, found)
  return [...found].filter((one) => one >= 0 && one < PORTS)
}

/** All numbers that the digits make in another order (Heap's algorithm). */
function addOrders(digits: number[], length: number, found: Set<number>): void {
  if (length <= 1) {
    if (digits[0] !== 0 || digits.length === 1) found.add(digits.reduce((sum, digit) => sum * 10 + digit, 0))
    return
  }
  for (let i = 0; i < length; i++) {
    addOrders(digits, length - 1, found)
    const at = length % 2 === 0 ? i : 0
    const last = digits[length - 1]!
    digits[length - 1] = digits[at]!
    digits[at] = last
  }
}
