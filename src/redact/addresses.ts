/**
 * Addresses → other addresses, one to one, so that two which share a prefix still share one of the same length
 * (Crypto-PAn, Xu et al. 2002: whether a bit is turned hangs on the bits before it, and on the key). So networks, routes
 * and sets still hold what they held. Special blocks keep their place, and the last eight bits of every address stay as
 * they are: a network's `.0`, its `.255` and ranges inside of a /24 (IPv6: /120) are what they were.
 */
import { parseAddress } from '../model/address.ts'
import type { KeyedHash } from './keyed.ts'

interface Block {
  bytes: Uint8Array
  length: number
  /** Everything in it stays: it tells nothing of anybody. */
  kept?: boolean
}

const block = (text: string, kept = false): Block => {
  const [address = '', length] = text.split('/')
  return { bytes: parseAddress(address)!, length: Number(length), kept }
}

/** RFC 6890 and its like. Those that are kept: this host, loopback, link-local, documentation, multicast, masks. */
const IPV4 = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']
    .concat('224.0.0.0/4', '240.0.0.0/4')
    .map((text) => block(text, true)),
  ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15'].map((text) => block(text)),
]

const IPV6 = [
  ...['::/96', 'ff00::/8', '2001:db8::/32'].map((text) => block(text, true)),
  // what is between ::/96 and the blocks that hold IPv4 addresses
  ...['::ffff:0:0/96', '64:ff9b::/96', '2000::/3', 'fc00::/8', 'fd00::/8', 'fe80::/64'].map((text) => block(text)),
]

/** Bits from here on say which host it is; zeros at their beginning stay, so that `::1` is one. */
const INTERFACE_ID = 64
const LAST_BITS = 8
/** IPv4 addresses in these are the same as by themselves. */
const HOLDS_IPV4 = [block('::ffff:0:0/96'), block('64:ff9b::/96')]
const SOLICITED = block('ff02::1:ff00:0/104')

export class AddressMap {
  private readonly hash: KeyedHash
  private readonly known = new Map<string, Uint8Array>()

  constructor(hash: KeyedHash) {
    this.hash = hash
  }

  /** 4 or 16 bytes; gives as many, new ones. */
  map(bytes: Uint8Array): Uint8Array {
    const end = bytes.length - 1
    const key = bytes.subarray(0, end).join()
    let network = this.known.get(key)
    if (!network) {
      network = bytes.length === 4 ? this.mapFree(bytes, IPV4, 4) : this.mapIpv6(bytes)
      if (this.known.size >= MOST_KNOWN) this.known.clear()
      this.known.set(key, network)
    }
    const mapped = network.slice()
    mapped[end] = bytes[end]!
    return mapped
  }

  /** Keeps those bits that `keeps` has; of the others, which are turned hangs on those before. For hardware addresses. */
  mapBits(bytes: Uint8Array, domain: number, keeps: Uint8Array): Uint8Array {
    const mapped = bytes.slice()
    for (let depth = 0; depth < bytes.length * 8; depth++)
      if (((keeps[depth >> 3]! >> (7 - (depth & 7))) & 1) === 0 && this.turns(bytes, depth, domain)) turn(mapped, depth)
    return mapped
  }

  private mapIpv6(bytes: Uint8Array): Uint8Array {
    if (HOLDS_IPV4.some((one) => isIn(bytes, one))) {
      const mapped = bytes.slice()
      mapped.set(this.map(bytes.slice(12)), 12)
      return mapped
    }
    if (isIn(bytes, SOLICITED)) {
      const mapped = bytes.slice()
      mapped.set(this.solicited(bytes.slice(13)), 13)
      mapped[15] = bytes[15]!
      return mapped
    }
    return this.mapFree(bytes, IPV6, 6)
  }

  /** The three bytes of an address that end the group its neighbours are asked in, and that group's hardware address. */
  solicited(last: Uint8Array): Uint8Array {
    return this.mapBits(last, 7, Uint8Array.of(0, 0, 0xff))
  }

  private mapFree(bytes: Uint8Array, blocks: readonly Block[], domain: number): Uint8Array {
    const mapped = bytes.slice()
    if (blocks.some((one) => one.kept && isIn(bytes, one))) return mapped
    let first = true
    let id = false
    for (let depth = 0; depth < bytes.length * 8 - LAST_BITS; depth++) {
      const bit = (bytes[depth >> 3]! >> (7 - (depth & 7))) & 1
      const leadsToBlock = blocks.some((one) => depth < one.length && sharesBits(bytes, one.bytes, depth))
      if (depth >= INTERFACE_ID) {
        if (id && !leadsToBlock && this.turns(bytes, depth, domain)) turn(mapped, depth)
        id ||= bit === 1
        continue
      }
      if (leadsToBlock) continue
      // the first bit that may be turned always is, so that no network stays where it was
      if (first || this.turns(bytes, depth, domain)) turn(mapped, depth)
      first = false
    }
    return mapped
  }

  /** By the first `depth` bits. */
  private turns(bytes: Uint8Array, depth: number, domain: number): boolean {
    const prefix = new Uint8Array(2 + ((depth + 7) >> 3))
    prefix.set(bytes.subarray(0, prefix.length - 2), 2)
    if (depth & 7) prefix[prefix.length - 1]! &= 0xff00 >> (depth & 7)
    prefix[0] = domain
    prefix[1] = depth
    return (this.hash.hash(prefix)[0] & 1) === 1
  }
}

/** Networks whose new place is remembered. */
const MOST_KNOWN = 200_000

const turn = (bytes: Uint8Array, bit: number): void => {
  bytes[bit >> 3]! ^= 0x80 >> (bit & 7)
}

const isIn = (bytes: Uint8Array, one: Block): boolean => sharesBits(bytes, one.bytes, one.length)

export function sharesBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false
  return (bits & 7) === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >> (bits & 7)) & 0xff) === 0
}
