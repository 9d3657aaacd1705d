/**
 * What the text of an element means to a set: the elements that ipset and the kernel make of it (ipset 7.17, lib/parse.c;
 * Linux 6.18, net/netfilter/ipset/ip_set_*.c, the `uadt` functions), each part in one form only.
 */
import { formatAddress, maskFromLength, parseAddress } from '../../model/address.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { WordError } from '../../rules/iptables/extension.ts'
import { protocolName, protocolNumber } from '../../rules/iptables/protocols.ts'
import { ICMP_TYPES, ICMPV6_TYPES } from '../../rules/iptables/values/icmp.ts'
import { readNumber } from '../../rules/iptables/values/numbers.ts'
import { SERVICES } from '../../rules/iptables/values/services.ts'
import { fromNumber, readIpv4, toNumber } from './ipv4.ts'
import { type Part, type SetType, setType } from './types.ts'

/** All but the elements. */
export type SetShape = Omit<NamedSet, 'elements'>

/** The parts of each element; a range means several, but no more than `most`. Throws WordError where ipset or the kernel refuses it. */
export function readElements(text: string, set: SetShape, most: number): string[][] {
  const type = setType(set.type)
  if (!type) return [text.split(',')]
  if (type.name === 'list:set') return [[text]]
  const written = splitParts(text, type)
  let elements: string[][] = [[]]
  for (const [i, part] of written.entries()) {
    const values = readPart(part, type.parts[i]!, set, most)
    if (values.length * elements.length > Math.max(1, most)) throw new WordError(tooMany(text, most))
    if (elements.length === 1) elements = values.map((value) => [...elements[0]!, value])
    else if (values.length === 1) for (const element of elements) element.push(values[0]!)
    else elements = elements.flatMap((element) => values.map((value) => [...element, value]))
  }
  return elements
}

const tooMany = (text: string, most: number): string =>
  `"${text}" expands to more than the ${most} elements that may still be added`

function splitParts(text: string, { name, parts, optional = 0 }: SetType): string[] {
  const written = text.split(',')
  const [few, many] = [parts.length - optional, parts.length]
  if (written.length > many) throw new WordError(`"${text}" has ${written.length} parts, a ${name} has ${many}`)
  const missing = written.includes('') ? written.indexOf('') : written.length
  if (missing < few) throw new WordError(`"${text}" lacks its part number ${missing + 1}: ${name}`)
  return written
}

function readPart(text: string, part: Part, set: SetShape, most: number): string[] {
  switch (part) {
    case 'ip':
      return [readSingle(text, set)]
    case 'ips':
      return readAddresses(text, set, most)
    case 'net':
      return readNetworks(text, set)
    case 'port':
      return readPorts(text, set)
    case 'plain port':
      return readPlainPorts(text, set)
    case 'mac':
      return [readMac(text)]
    case 'iface':
      return [readInterface(text)]
    case 'mark':
      return [`0x${((readNumber(text) & (set.markMask ?? -1)) >>> 0).toString(16)}`]
    default:
      return [text]
  }
}

const familyOf = ({ type, addresses }: SetShape): 'ip' | 'ip6' =>
  type.startsWith('bitmap') ? 'ip' : (addresses ?? 'ip')

function readAddress(text: string, set: SetShape): Uint8Array {
  const plain = text.replace(/^\[([^[\]]*)\]$/, '$1')
  const bytes = plain.includes(':') ? parseAddress(plain) : readIpv4(plain)
  const family = familyOf(set)
  if (bytes?.length === (family === 'ip' ? 4 : 16)) return bytes
  const what = bytes ? `of the other family: the set is ${family === 'ip' ? 'inet' : 'inet6'}` : 'not an address'
  throw new WordError(`"${text}" is ${what}${bytes ? '' : ', and names are not looked up'}`)
}

interface Network {
  address: Uint8Array
  length: number
}

function readNetwork(text: string, set: SetShape): Network {
  const [host = '', length] = text.split(/\/(?=[^/]*$)/)
  const address = readAddress(host, set)
  const width = address.length * 8
  return { address, length: length === undefined ? width : readNumber(length, width) }
}

function readSingle(text: string, set: SetShape): string {
  if (/[-/]/.test(text)) throw new WordError(`"${text}" is not a single address`)
  const address = readAddress(text, set)
  return checkRange([toNumber(address)], set, text) ?? formatAddress(cut(address, set.addressMask))
}

/** A bitmap has room for its range only. */
function checkRange(ends: readonly number[], { range }: SetShape, text: string): undefined {
  const [low = 0, high = 0] = (range ?? '')
    .split('-')
    .map((end) => (end.includes('.') ? toNumber(parseAddress(end)!) : Number(end)))
  if (range !== undefined && ends.some((end) => end < low || end > high))
    throw new WordError(`"${text}" is out of the set's range, ${range}`)
}

/** By the set's netmask or bitmask. */
function cut(address: Uint8Array, mask: SetShape['addressMask']): Uint8Array {
  if (mask === undefined) return address
  const ones = typeof mask === 'number' ? maskFromLength(mask, address.length * 8) : parseAddress(mask)
  return address.map((byte, i) => byte & (ones?.[i] ?? 0xff))
}

/** Only IPv4 has ranges and networks here. */
function readAddresses(text: string, set: SetShape, most: number): string[] {
  if (familyOf(set) === 'ip6') {
    const address = readSingle(text.replace(/\/128$/, ''), set)
    if (set.type === 'hash:ip') refuseZero(address)
    return [address]
  }
  const [first, last] = readEnds(text, set)
  if (first === last && !/:ip$/.test(set.type)) return [formatAddress(cut(fromNumber(first), set.addressMask))]
  const step = typeof set.addressMask === 'number' && /:ip$/.test(set.type) ? 2 ** (32 - set.addressMask) : 1
  const start = set.type === 'hash:ip' ? first - (first % step) : first
  if ((last - start + 1) / step > Math.max(1, most)) throw new WordError(tooMany(text, most))
  checkRange([first, last], set, text)
  // where addresses are not alone in their elements, the kernel does not cut those of a range
  const mask = /:ip$/.test(set.type) ? set.addressMask : undefined
  const found: string[] = []
  for (let number = start; number <= last; number += step) found.push(formatAddress(cut(fromNumber(number), mask)))
  if (set.type === 'hash:ip') for (const address of found) refuseZero(address)
  // a mask with gaps makes several alike
  return typeof mask === 'string' ? [...new Set(found)] : found
}

function refuseZero(address: string): void {
  if (address === '0.0.0.0' || address === '::') throw new WordError(`${address} cannot be in a hash:ip`)
}

/** The first and last address of `A`, `A/LENGTH` or `A-B`. */
function readEnds(text: string, set: SetShape): [number, number] {
  const range = /^([^-]+)-(.+)$/.exec(text)
  if (range) {
    const [a, b] = [toNumber(readAddress(range[1]!, set)), toNumber(readAddress(range[2]!, set))]
    return [Math.min(a, b), Math.max(a, b)]
  }
  const { address, length } = readNetwork(text, set)
  if (length === 0) throw new WordError(`"${text}": this type of set cannot hold a network of prefix length 0`)
  const size = 2 ** (32 - length)
  const first = toNumber(address) - (toNumber(address) % size)
  return [first, first + size - 1]
}

/** Sets in which a network of length 0 may be. */
const WITH_EVERYTHING = ['hash:net,iface', 'hash:net,net', 'hash:net,port,net']

function readNetworks(text: string, set: SetShape): string[] {
  if (familyOf(set) === 'ip' && /^[^-]+-/.test(text)) return networksOf(...readEnds(text, set))
  const { address, length } = readNetwork(text, set)
  if (length === 0 && !WITH_EVERYTHING.includes(set.type))
    throw new WordError(`"${text}": this type of set cannot hold a network of prefix length 0`)
  return [printNetwork(cut(cut(address, length), set.addressMask), length)]
}

const printNetwork = (address: Uint8Array, length: number): string =>
  length === address.length * 8 ? formatAddress(address) : `${formatAddress(address)}/${length}`

/** The fewest networks that make up the range (ip_set_range_to_cidr). */
function networksOf(first: number, last: number): string[] {
  if (first === 0 && last === 0xffffffff)
    throw new WordError('this type of set cannot hold a network of prefix length 0')
  const networks: string[] = []
  for (let at = first; at <= last; ) {
    let length = 32
    while (length > 0 && at % 2 ** (33 - length) === 0 && at + 2 ** (33 - length) - 1 <= last) length--
    networks.push(printNetwork(fromNumber(at), length))
    at += 2 ** (32 - length)
  }
  return networks
}

const WITH_PORTS = ['tcp', 'sctp', 'udp', 'udplite']

/** `80`, `tcp:80-90`, `icmp:8/0`, `gre:0`. */
function readPorts(text: string, set: SetShape): string[] {
  const [, written = 'tcp', value = ''] = /^(?:([^:]*):)?(.*)$/s.exec(text) ?? []
  const number = protocolNumber(written)
  if (!number) throw new WordError(`"${written}" is not a protocol`)
  const protocol = protocolName(number)
  if (WITH_PORTS.includes(protocol)) return portsOf(value).map((port) => `${protocol}:${port}`)
  if (number === 1 || number === 58) {
    if ((number === 1) !== (familyOf(set) === 'ip')) throw new WordError(`"${text}" is of the other family`)
    return [`${protocol}:${readIcmp(value, number === 1 ? ICMP_TYPES : ICMPV6_TYPES)}`]
  }
  if (value !== '0') throw new WordError(`"${text}": ${protocol} has no ports; write ${protocol}:0`)
  return [`${protocol}:0`]
}

function readPlainPorts(text: string, set: SetShape): string[] {
  const ports = portsOf(text.replace(/^(tcp|udp):/i, ''))
  checkRange(ports, set, text)
  return ports.map(String)
}

/** `80`, `http`, `20-30`, `[ftp-data]-ftp`: names with a dash have brackets. */
export function portsOf(text: string): number[] {
  const [, low, high = low] = /^(\[[^[\]]+\]|[^-[\]]+)(?:-(\[[^[\]]+\]|[^-[\]]+))?$/.exec(text) ?? []
  if (low === undefined || high === undefined) throw new WordError(`"${text}" is neither a port nor a range of ports`)
  const [a, b] = [readPort(low), readPort(high)]
  return Array.from({ length: Math.abs(b - a) + 1 }, (_, i) => Math.min(a, b) + i)
}

function readPort(text: string): number {
  const name = text.replace(/^\[(.*)\]$/, '$1')
  return Object.hasOwn(SERVICES, name) ? SERVICES[name]! : readNumber(name, 0xffff)
}

/** `8/0` or a name; ipset's names without a code mean code 0. */
function readIcmp(text: string, names: typeof ICMP_TYPES): string {
  const [, type, code] = /^(\w+)\/(\w+)$/.exec(text) ?? []
  if (type !== undefined) return `${readNumber(type, 255)}/${readNumber(code!, 255)}`
  const name = text.toLowerCase()
  if (!Object.hasOwn(names, name) || name === 'any')
    throw new WordError(`"${text}" is neither TYPE/CODE of ICMP nor the name of an ICMP type`)
  const known = names[name]!
  return typeof known === 'number' ? `${known}/0` : known.join('/')
}

function readMac(text: string): string {
  if (!/^([\da-f]{1,2}:){5}[\da-f]{1,2}$/i.test(text)) throw new WordError(`"${text}" is not a MAC address`)
  return text
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

function readInterface(text: string): string {
  const name = text.replace(/^physdev:/, '')
  if (name === '' || name.length > 15)
    throw new WordError(`"${text}" is not an interface name: a name has 1 to 15 characters`)
  return text
}
