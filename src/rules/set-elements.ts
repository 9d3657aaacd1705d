/**
 * An ipset's elements as the kernel searches them (net/netfilter/ipset/ip_set_hash_gen.h): by hash, once for each
 * combination of prefix lengths that the set holds, longest first; the first that is found decides.
 */

import { compareAddresses } from '../model/address.ts'
import { memo } from '../model/memo.ts'
import type { NamedSet } from '../model/ruleset.ts'
import type { SetElement } from '../model/set-element.ts'
import { setParts } from './ipset.ts'
import { protocolNumber } from './iptables/protocols.ts'
import { prefixLength } from './prefixes.ts'
import { addressBytes } from './values.ts'

/** What a packet has for one part of an element: an address, or what the part is compared by. */
export type PartValue = Uint8Array | string

export interface Elements {
  /** Undefined: it holds no addresses, or nothing. */
  family: 'ip' | 'ip6' | undefined
  parts: readonly string[]
  /** Ports without a protocol (`bitmap:port`). */
  plainPorts: boolean
  groups: readonly Group[]
}

/** Elements with the same prefix lengths. */
interface Group {
  /** One for each part that is an address, else 0. */
  lengths: readonly number[]
  hashed: Map<string, SetElement[]>
  /** What cannot be hashed: ranges, and elements without all their parts. */
  others: SetElement[]
}

export const elementsOf = memo(prepare)

function prepare(set: NamedSet): Elements {
  const parts = setParts(set.type)
  const groups: Group[] = []
  const elements: Elements = { family: familyOf(set, parts), parts, plainPorts: set.type === 'bitmap:port', groups }
  const byLengths = new Map<string, Group>()
  for (const element of set.elements) {
    // rules never ask for a bridge's ports (hash_netiface4_kadt has no way to be told so)
    if (element.parts.some((text) => text.startsWith('physdev:'))) continue
    const lengths = parts.map((part, i) => (isAddress(part) ? prefixLength(element.parts[i] ?? '') : 0))
    let group = byLengths.get(lengths.join())
    if (!group) {
      group = { lengths, hashed: new Map(), others: [] }
      byLengths.set(lengths.join(), group)
      groups.push(group)
    }
    const key = keyOf(element, elements)
    const same = key === undefined ? group.others : group.hashed.get(key)
    if (same) same.push(element)
    else group.hashed.set(key!, [element])
  }
  groups.sort((a, b) => longerFirst(a.lengths, b.lengths))
  return elements
}

const isAddress = (part: string | undefined): boolean => part === 'ip' || part === 'net'

function longerFirst(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((length, at) => length !== b[at])
  return i < 0 ? 0 : b[i]! - a[i]!
}

function familyOf({ type, addresses, elements }: NamedSet, parts: readonly string[]): Elements['family'] {
  if (type.startsWith('bitmap:ip')) return 'ip'
  if (addresses && parts.some(isAddress)) return addresses
  const address = elements[0]?.parts[parts.findIndex(isAddress)]
  return address === undefined ? undefined : address.includes(':') ? 'ip6' : 'ip'
}

/** Undefined where one of its parts is missing or a range. Interfaces are left out: they may be wildcards. */
function keyOf({ parts: written }: SetElement, { parts, plainPorts }: Elements): string | undefined {
  const keys: string[] = []
  for (const [i, part] of parts.entries()) {
    const text = written[i]
    if (part === 'iface') continue
    if (text === undefined) return undefined
    if (isAddress(part)) {
      // of a range nothing is left
      const address = addressBytes(text.replace(/\/\d+$/, ''))
      if (!address) return undefined
      keys.push(networkKey(address, prefixLength(text)))
    } else if (part === 'port') {
      const { protocol, low, high } = readPort(text, plainPorts)
      if (low !== high) return undefined
      keys.push(`${protocol}:${low}`)
    } else keys.push(part === 'mark' ? String(Number(text)) : text.toLowerCase())
  }
  return keys.join(' ')
}

function networkKey(address: Uint8Array, length: number): string {
  let key = ''
  for (let i = 0; i < address.length; i += 2) {
    const ones = Math.max(0, Math.min(16, length - i * 8))
    key += `${((address[i]! << 8) | address[i + 1]!) & (0xffff0000 >> ones)}.`
  }
  return key
}

/** `tcp:80`, `icmp:8/0`, `udp:80-90`; without a protocol TCP is meant, but in a `bitmap:port` none. */
function readPort(text: string, plain: boolean): { protocol: string; low: number; high: number } {
  const colon = text.indexOf(':')
  const protocol = plain ? '' : String(protocolNumber(colon < 0 ? 'tcp' : text.slice(0, colon)))
  const [low = '', high = low] = text.slice(colon + 1).split('-')
  return { protocol, low: portNumber(low), high: portNumber(high) }
}

/** ICMP's type and code stand for the port. */
function portNumber(text: string): number {
  const [type, code] = text.split('/')
  return code === undefined ? Number(type) : Number(type) * 256 + Number(code)
}

/** How a packet's port is compared; the protocol is undefined for a set of plain ports. */
export const portValue = (protocol: number | undefined, port: number): string => `${protocol ?? ''}:${port}`

/** The element that decides; undefined: there is none. `values`: one for each part. */
export function findElement(elements: Elements, values: readonly PartValue[]): SetElement | undefined {
  const iface = elements.parts.indexOf('iface')
  for (const { lengths, hashed, others } of elements.groups) {
    let key = ''
    for (const [i, value] of values.entries()) {
      if (i === iface) continue
      const part = typeof value === 'string' ? value : networkKey(value, lengths[i]!)
      key = key === '' ? part : `${key} ${part}`
    }
    const found = hashed.get(key)
    if (found && iface < 0) return found[0]
    // the longest prefix that holds the address decides, whatever its interfaces are
    if (found) return found.find((element) => sameInterface(element, iface, values[iface]))
    const other = others.find((element) => fits(element, elements, values))
    if (other) return other
  }
  return undefined
}

function sameInterface({ parts, wildcard }: SetElement, at: number, name: PartValue | undefined): boolean {
  const written = parts[at] ?? ''
  return wildcard ? String(name).startsWith(written) : name === written
}

/** Could any element fit, as far as the values are known? */
export const mayHold = (elements: Elements, values: readonly (PartValue | undefined)[]): boolean =>
  elements.groups.some(({ hashed, others }) =>
    [...hashed.values(), others].some((some) => some.some((element) => fits(element, elements, values))),
  )

/** Does every part fit? What is undefined fits everything. */
function fits(element: SetElement, elements: Elements, values: readonly (PartValue | undefined)[]): boolean {
  return elements.parts.every((part, i) => {
    const [written, value] = [element.parts[i], values[i]]
    if (value === undefined || written === undefined) return true
    if (part === 'iface') return sameInterface(element, i, value)
    if (typeof value !== 'string') return holdsAddress(written, value)
    if (part === 'mark') return String(Number(written)) === value
    if (part !== 'port') return written.toLowerCase() === value
    const { protocol, low, high } = readPort(written, elements.plainPorts)
    const [, hasProtocol, port] = /^(\d*):(\d+)$/.exec(value) ?? []
    return hasProtocol === protocol && Number(port) >= low && Number(port) <= high
  })
}

function holdsAddress(written: string, value: Uint8Array): boolean {
  const [from, to] = written.split('-').map((end) => addressBytes(end.replace(/\/\d+$/, '')))
  if (from?.length !== value.length) return false
  if (to) return compareAddresses(from, value) <= 0 && compareAddresses(value, to) <= 0
  const length = prefixLength(written)
  return networkKey(from, length) === networkKey(value, length)
}
