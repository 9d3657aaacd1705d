/** One run's replacements: addresses, hardware addresses and names, the same everywhere for the same key. */
import { formatAddress, parseAddress } from '../model/address.ts'
import { AddressMap } from './addresses.ts'
import { KeyedHash, keyOf } from './keyed.ts'
import { Names } from './names.ts'

/** What could not be replaced with the same meaning, or may hold what should have been. */
export type Doubt = 'range-widened' | 'mask-with-gaps' | 'hexadecimal'

export class Redactor {
  readonly names: Names
  /** How often, by kind. */
  readonly doubts = new Map<Doubt, number>()
  /** Files are looked at beforehand, for the names of hosts in them; what is to be told is told later. */
  learning = false
  private readonly addresses: AddressMap
  private readonly texts = new Map<string, string>()

  constructor(key: string) {
    const hash = new KeyedHash(keyOf(key))
    this.addresses = new AddressMap(hash)
    this.names = new Names(hash)
  }

  /** 4 or 16 bytes in network order. */
  address(bytes: Uint8Array): Uint8Array {
    return this.addresses.map(bytes)
  }

  /** An address as text, written as it was; undefined where it is none. */
  addressText(text: string): string | undefined {
    return this.once(text, () => {
      const bytes = parseAddress(text)
      return bytes && likeWritten(text, this.address(bytes))
    })
  }

  /** What `text` becomes, made only once: logs say the same again and again. */
  once<T extends string | undefined>(text: string, make: () => T): T | string {
    const known = this.texts.get(text)
    if (known !== undefined) return known
    const made = make()
    if (this.texts.size >= MOST_TEXTS) this.texts.clear()
    if (made !== undefined) this.texts.set(text, made)
    return made
  }

  /** Six bytes. Whether it is a group's or locally given stays, and so do those that are the same everywhere. */
  mac(bytes: Uint8Array): Uint8Array {
    if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 255)) return bytes.slice()
    // IPv4's groups, spanning tree and its like
    if ((bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0x5e) || (bytes[0] === 1 && bytes[1] === 0x80))
      return bytes.slice()
    if (bytes[0] === 0x33 && bytes[1] === 0x33) {
      const mapped = bytes.slice()
      if (bytes[2] === 0xff) mapped.set(this.addresses.solicited(bytes.slice(3)), 3)
      return mapped
    }
    return this.addresses.mapBits(bytes, 8, MAC_KEEPS)
  }

  doubt(kind: Doubt): void {
    if (!this.learning) this.doubts.set(kind, (this.doubts.get(kind) ?? 0) + 1)
  }
}

const MOST_TEXTS = 200_000
/** The two lowest bits of the first byte: group, and locally administered. */
const MAC_KEEPS = Uint8Array.of(3, 0, 0, 0, 0, 0)

/** Compressed, in full length or in capitals, as the text was. */
function likeWritten(text: string, bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = text.split(':')
  if (groups.length === 8 && groups.every((group) => group.length === 4)) {
    const full = groups
      .map((_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16).padStart(4, '0'))
      .join(':')
    return text === text.toUpperCase() && /[A-F]/.test(text) ? full.toUpperCase() : full
  }
  const formatted = formatAddress(bytes)
  return /[A-F]/.test(text) && !/[a-f]/.test(text) ? formatted.toUpperCase() : formatted
}
