/** What rules, routes, sockets and addresses of a World ask of a packet: all else about it makes no difference. */
import { parseAddress } from '../model/address.ts'
import type { Condition, Value } from '../model/condition.ts'
import type { World } from '../model/world.ts'

/** Ranges that somebody asks for, on one number line; numbers that lie in the same ones are of one class. */
export class Ranges {
  /** Where the classes change, and the class from there on; below the first cut it is 0. */
  private readonly cuts: Float64Array
  private readonly classes: Int32Array

  constructor(ranges: readonly (readonly [number, number])[]) {
    const distinct = [...new Map(ranges.map((range) => [`${range[0]}-${range[1]}`, range])).values()]
    const changes = new Map<number, number[]>()
    distinct.forEach(([from, to], i) => {
      for (const cut of [from, to + 1]) changes.set(cut, [...(changes.get(cut) ?? []), i])
    })
    this.cuts = Float64Array.from(changes.keys()).sort()
    this.classes = new Int32Array(this.cuts.length)
    // a sweep: which ranges cover the numbers from each cut on
    const covering = new Set<number>()
    const known = new Map([['', 0]])
    this.cuts.forEach((cut, at) => {
      for (const i of changes.get(cut)!) if (!covering.delete(i)) covering.add(i)
      const signature = [...covering].sort((a, b) => a - b).join()
      if (!known.has(signature)) known.set(signature, known.size)
      this.classes[at] = known.get(signature)!
    })
  }

  classOf(value: number): number {
    let [low, high] = [0, this.cuts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.cuts[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.classes[low - 1]!
  }
}

/** Of every World alike: which links' MTU a length is above. */
export const lengthsOf = ({ host }: World): Ranges =>
  new Ranges((host.links ?? []).flatMap((link) => (link.mtu === undefined ? [] : [[link.mtu + 1, 65_536] as const])))

/** Which fields the rules read, and the values that cut the number lines of addresses and ports. */
interface Asked {
  fields: Set<string>
  gaps: boolean
  saddr: [number, number][]
  daddr: [number, number][]
  sport: [number, number][]
  dport: [number, number][]
}

export function readFields(world: World): Asked {
  const asked: Asked = { fields: new Set(), gaps: false, saddr: [], daddr: [], sport: [], dport: [] }
  for (const table of world.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules) for (const one of rule.conditions) readCondition(one, asked)
  const everywhere = (text: string) => addEverywhere(text, asked)
  for (const set of world.sets)
    for (const element of set.elements) for (const part of element.parts) cutEverywhere(part, asked)
  const { host } = world
  for (const route of host.routes ?? []) everywhere(route.destination)
  for (const rule of host.routingRules ?? []) for (const text of [rule.from, rule.to]) if (text) everywhere(text)
  for (const link of host.links ?? [])
    for (const own of link.addresses ?? []) for (const text of [own.address, own.broadcast]) if (text) everywhere(text)
  for (const socket of host.sockets ?? []) {
    if (socket.port !== undefined) asked.dport.push([socket.port, socket.port])
    if (socket.address) addAddresses(socket.address, asked.daddr)
  }
  // a flow that is tracked goes the way of its entry
  for (const { original, reply } of host.conntrack ?? [])
    for (const tuple of [original, reply]) {
      everywhere(tuple.src)
      everywhere(tuple.dst)
      for (const port of [tuple.sport, tuple.dport])
        if (port !== undefined) for (const ranges of [asked.sport, asked.dport]) ranges.push([port, port])
    }
  // what addresses are by themselves: loopback, multicast, class E
  for (const network of ['127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '0.0.0.0/8', '255.255.255.255'])
    everywhere(network)
  return asked
}

/** Part of a set's element: an address, a port, a range of either. */
function cutEverywhere(part: string, asked: Asked): void {
  addEverywhere(part, asked)
  for (const number of part.match(/\d+/g) ?? [])
    for (const cuts of [asked.sport, asked.dport]) cuts.push([Number(number), Number(number)])
}

function addEverywhere(text: string, asked: Asked): void {
  addAddresses(text, asked.saddr)
  addAddresses(text, asked.daddr)
}

function readCondition(condition: Condition, asked: Asked): void {
  switch (condition.kind) {
    case 'compare':
      asked.fields.add(condition.field)
      if (typeof condition.mask === 'string') asked.gaps = true
      readValue(condition.value, condition.field.slice(condition.field.lastIndexOf(' ') + 1), asked)
      return
    case 'not':
      readCondition(condition.of, asked)
      return
    case 'all':
    case 'any':
      for (const one of condition.of) readCondition(one, asked)
      return
    case 'lookup':
      for (const field of condition.fields) asked.fields.add(field)
      // an address under a mask may have no intervals
      if (condition.nft?.masks) asked.fields.add('ether saddr')
      for (const { parts } of condition.nft?.elements ?? []) for (const part of parts) cutEverywhere(part, asked)
  }
}

/** `what` is the field's last word; what is neither an address nor a port has columns of its own. */
function readValue(value: Value, what: string, asked: Asked): void {
  if (what === 'saddr' || what === 'daddr') {
    if (typeof value === 'string') addAddresses(value, asked[what])
    else if (typeof value !== 'object') return
    else if ('set' in value) for (const one of value.set) readValue(one, what, asked)
    else if ('prefix' in value) addAddresses(`${value.prefix}/${value.length}`, asked[what])
    else if ('range' in value) addAddresses(`${value.range[0]}-${value.range[1]}`, asked[what])
  } else if (what === 'sport' || what === 'dport') {
    if (typeof value === 'number') asked[what].push([value, value])
    else if (typeof value !== 'object') return
    else if ('set' in value) for (const one of value.set) readValue(one, what, asked)
    else if ('range' in value) asked[what].push([Number(value.range[0]), Number(value.range[1])])
  }
}

/** `A`, `A/24`, `A-B`: where its addresses begin and where they end. */
export function addAddresses(text: string, ranges: [number, number][]): void {
  const range = /^([\d.]+)-([\d.]+)$/.exec(text)
  const [first, length] = range ? [range[1]!, undefined] : text.split('/')
  const from = numberOf(first)
  if (from === undefined) return
  if (range) ranges.push([from, numberOf(range[2]) ?? from])
  else {
    const size = 2 ** (32 - Number(length ?? 32))
    ranges.push([from - (from % size), from - (from % size) + size - 1])
  }
}

function numberOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseAddress(text)
  return bytes?.length === 4 ? ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 : undefined
}

/** Of what is an address for sure; undefined: it is IPv6. */
export function ipv4Number(address: string): number | undefined {
  let number = 0
  let part = 0
  for (let i = 0; i < address.length; i++) {
    const char = address.charCodeAt(i)
    if (char === 0x2e) {
      number = number * 256 + part
      part = 0
    } else if (char >= 0x30 && char <= 0x39) part = part * 10 + char - 0x30
    else return undefined
  }
  return number * 256 + part
}
