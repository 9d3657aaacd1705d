/** The values of `host` and `net` → what an address is compared with (libpcap, gencode.c gen_ncode, gen_mcode). */
import { formatAddress, maskFromLength, maskToLength, parseAddress } from '../model/address.ts'
import type { Value } from '../model/condition.ts'
import { closest } from '../rules/closest.ts'
import { addressAndPort } from './address-and-port.ts'
import { FilterProblem } from './error.ts'
import { numberIn } from './numbers.ts'
import type { Token } from './tokens.ts'

export interface AddressValue {
  family: 'ip' | 'ip6'
  value: Value
  /** Where its ones have gaps. */
  mask?: string
}

/** An address; one with fewer than four parts stands for the network that begins so, a number for its 32 bits. */
export function readHost(token: Token): AddressValue {
  const { text } = token
  const slash = /[/ ]/.exec(text)
  if (slash) throw new FilterProblem(token, `"${text}" is a network, not a host`, `net ${text}`)
  const number = numberIn(text)
  if (number !== undefined && number <= 0xffffffff) return { family: 'ip', value: formatAddress(bigEndian(number)) }
  return readPlain(token, text)
}

/** `10.0.0.0/8`, `10.1`, `10`, `1.2.3.0 mask 255.255.255.0`, `2001:db8::/32`; without a length an IPv6 address is one host. */
export function readNet(token: Token): AddressValue {
  const { text } = token
  const [, network, length] = /^([^/]*)\/(.*)$/.exec(text) ?? []
  if (network !== undefined && length !== undefined) {
    const address = readWhole(token, network)
    const bits = numberIn(length)
    const width = address.length * 8
    if (bits === undefined || bits > width)
      throw new FilterProblem(
        token,
        `the prefix length of ${width === 32 ? 'an IPv4' : 'an IPv6'} network must be 0 to ${width}`,
      )
    return withMask(token, address, maskFromLength(bits, width))
  }
  const [, masked, mask] = /^(.*) mask (.*)$/.exec(text) ?? []
  if (masked !== undefined && mask !== undefined) {
    const [address, bits] = [readWhole(token, masked), readWhole(token, mask)]
    if (address.length !== 4 || bits.length !== 4)
      throw new FilterProblem(token, 'mask is for IPv4 networks; write the length of an IPv6 prefix after a slash')
    return withMask(token, address, bits)
  }
  const number = numberIn(text)
  if (number === 0) return readHost(token)
  return readPlain(token, number !== undefined && number <= 0xff ? String(number) : text)
}

/** As many parts as are written are compared. */
function readPlain(token: Token, text: string): AddressValue {
  const address = readWhole(token, text)
  if (address.length === 16) return { family: 'ip6', value: formatAddress(address) }
  const parts = text.split('.').length
  if (parts === 4) return { family: 'ip', value: formatAddress(address) }
  return { family: 'ip', value: { prefix: formatAddress(address), length: parts * 8 } }
}

/** The address, filled up with zeros where only the first parts of an IPv4 address are given. Throws FilterProblem. */
function readWhole(token: Token, text: string): Uint8Array {
  const parts = text.split('.')
  const filled = /^\d+(\.\d+){0,3}$/.test(text) ? [...parts.map(Number), 0, 0, 0].slice(0, 4).join('.') : text
  const address = parseAddress(filled)
  if (address) return address
  const both = addressAndPort(text, '')
  if (both) throw new FilterProblem(token, ...both)
  throw /^[\d.]+$/.test(text)
    ? new FilterProblem(token, `"${text}" is not an IPv4 address`)
    : new FilterProblem(
        token,
        `"${text}" is not an address; names are not looked up here`,
        closest(text, ['port', 'host', 'net']),
      )
}

function withMask(token: Token, address: Uint8Array, mask: Uint8Array): AddressValue {
  const family = address.length === 4 ? 'ip' : 'ip6'
  const network = formatAddress(address.map((byte, i) => byte & mask[i]!))
  const length = maskToLength(mask)
  if (network !== formatAddress(address))
    throw new FilterProblem(
      token,
      `"${token.text}" has host bits set`,
      length === undefined ? `${network} mask ${formatAddress(mask)}` : `${network}/${length}`,
    )
  if (length === undefined) return { family, value: network, mask: formatAddress(mask) }
  if (length === mask.length * 8) return { family, value: network }
  return { family, value: { prefix: network, length } }
}

const bigEndian = (value: number): Uint8Array => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value])
