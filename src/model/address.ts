/** IP addresses as bytes (network order) and canonical text (RFC 5952 for IPv6, as inet_ntop prints it). */

/** 4 or 16 bytes, or undefined where the text is no address. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Four numbers of up to three digits. */
function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let [part, digits, byte] = [0, 0, 0]
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      part = part * 10 + digit
      if (++digits > 3 || part > 255) return undefined
    } else {
      const ends = byte === 3 ? i === text.length : text[i] === '.'
      if (digits === 0 || !ends) return undefined
      bytes[byte++] = part
      part = digits = 0
    }
  }
  return byte === 4 ? bytes : undefined
}

function parseIpv6(text: string): Uint8Array | undefined {
  const tailIpv4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (tailIpv4) {
    const v4 = parseIpv4(tailIpv4[2]!)
    if (!v4) return undefined
    const hex = (a: number, b: number) => ((a << 8) | b).toString(16)
    return parseIpv6(`${tailIpv4[1]}${hex(v4[0]!, v4[1]!)}:${hex(v4[2]!, v4[3]!)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = (half: string | undefined) => (half ? half.split(':') : [])
  const head = groups(halves[0])
  const tail = groups(halves[1])
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...new Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...tail]
  const bytes = new Uint8Array(16)
  for (let i = 0; i < 8; i++) {
    const group = all[i]!
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
    const value = Number.parseInt(group, 16)
    bytes[2 * i] = value >> 8
    bytes[2 * i + 1] = value & 0xff
  }
  return bytes
}

export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` : formatIpv6(bytes)
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!)
  const dotted = `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  // glibc's inet_ntop prints ::ffff:a.b.c.d and ::a.b.c.d in mixed notation
  if (groups.slice(0, 5).every((g) => g === 0)) {
    if (groups[5] === 0xffff) return `::ffff:${dotted}`
    if (groups[5] === 0 && groups[6] !== 0) return `::${dotted}`
  }
  let best = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && groups[i + length] === 0) length++
    if (length > bestLength) {
      best = i
      bestLength = length
    }
  }
  const text = (part: number[]) => part.map((g) => g.toString(16)).join(':')
  if (best < 0) return text(groups)
  return `${text(groups.slice(0, best))}::${text(groups.slice(best + bestLength))}`
}

/** As captures and tuples have it from `at` on: four 32-bit words, the highest first; IPv4 is one. */
export function addressOfWords(words: Int32Array, at: number, isIp6: boolean): string {
  const number = words[at]!
  if (!isIp6) return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 4; i++) view.setInt32(4 * i, words[at + i]!)
  return formatAddress(bytes)
}

/** A mask of `length` ones, `width` bits wide. */
export function maskFromLength(length: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width / 8)
  for (let i = 0; i < bytes.length; i++) {
    const ones = Math.max(0, Math.min(8, length - i * 8))
    bytes[i] = (0xff00 >> ones) & 0xff
  }
  return bytes
}

/** The first address of the network that the address is in: without what is behind the prefix. */
export function networkAddress(address: Uint8Array, length: number): string {
  const mask = maskFromLength(length, address.length * 8)
  return formatAddress(address.map((byte, i) => byte & mask[i]!))
}

/** The length of a mask, or undefined where its ones have gaps. */
export function maskToLength(mask: Uint8Array): number | undefined {
  let length = 0
  while (length < mask.length * 8 && mask[length >> 3]! & (0x80 >> (length & 7))) length++
  for (let i = length; i < mask.length * 8; i++) if (mask[i >> 3]! & (0x80 >> (i & 7))) return undefined
  return length
}

/** Is `address` inside `network`/`length`? Different families: no. */
export function inPrefix(address: Uint8Array, network: Uint8Array, length: number): boolean {
  if (address.length !== network.length) return false
  const whole = length >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== network[i]) return false
  const rest = length & 7
  return rest === 0 || ((address[whole]! ^ network[whole]!) & (0xff00 >> rest) & 0xff) === 0
}

/** How many bits both begin with; of one version. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, at) => byte !== b[at])
  return i < 0 ? a.length * 8 : i * 8 + Math.clz32(a[i]! ^ b[i]!) - 24
}

/** <0, 0 or >0, as bytes in network order compare; shorter (IPv4) first. */
export function compareAddresses(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

/** In that network, with the host part kept (net/netfilter/xt_NETMAP.c); undefined for another family's address. */
export function mappedInto(
  { prefix, length }: { prefix: string; length: number },
  address: string,
): string | undefined {
  const [own, network] = [parseAddress(address), parseAddress(prefix)]
  if (!own || own.length !== network?.length) return undefined
  const mask = maskFromLength(length, own.length * 8)
  return formatAddress(own.map((byte, i) => (network[i]! & mask[i]!) | (byte & ~mask[i]! & 0xff)))
}

/** Who is meant in a network whose prefix changes: the last eight bytes of an IPv6 address. */
export const HOST_PART = '::ffff:ffff:ffff:ffff'

/** Is the one the other's host part, and no more? */
export function isHostPartOf(part: string, address: string): boolean {
  const [one, other] = [parseAddress(part), parseAddress(address)]
  if (one?.length !== 16 || other?.length !== 16 || one.every((byte) => byte === 0)) return false
  return one.every((byte, i) => byte === (i < 8 ? 0 : other[i])) && other.some((byte, i) => i < 8 && byte !== 0)
}
