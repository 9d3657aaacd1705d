/**
 * Numbers that nft makes (net/netfilter/nft_numgen.c, nft_hash.c): hashes of fields are computed; of the others it is known
 * between which two they lie.
 */

import { CHANCE, COUNTED_BEFORE, HASH } from '../by-turns.ts'
import { ABSENT, type EvalContext, type Read } from '../eval-context.ts'
import { protocolNumber } from '../iptables/protocols.ts'
import { jhash, scaled } from '../jhash.ts'
import { isUnknown, type Unknown } from '../truth.ts'
import { addressBytes, type Held } from '../values.ts'

const MADE = /^(numgen inc|numgen random|symhash|jhash)(?: (.*))? mod (\d+)(?: seed (\d+))?(?: offset (\d+))?$/

/** The fields that a number is made of; of any other field, itself. */
export function partsOf(field: string): string[] {
  const [, kind, list] = MADE.exec(field) ?? []
  return kind === undefined ? [field] : (list?.split(' . ') ?? [])
}

const WHY: Readonly<Record<string, string>> = {
  'numgen inc': COUNTED_BEFORE,
  'numgen random': CHANCE,
  symhash: HASH,
  jhash: `${HASH}, whose seed is not known`,
}

/** `read`: of the fields that are hashed. Undefined for what is no such number. */
export function madeNumber(field: string, read: (field: string) => Read): Read | undefined {
  const [, kind, list = '', count, seed, first = '0'] = MADE.exec(field) ?? []
  if (kind === undefined) return undefined
  const [modulus, offset] = [Number(count), Number(first)]
  if (modulus === 1) return kind === 'jhash' ? hashed(list.split(' . '), 0, 1, offset, read) : () => offset
  const between: Unknown = { unknown: WHY[kind]!, within: [offset, offset + modulus - 1] }
  if (kind !== 'jhash') return () => between
  return seed === undefined ? () => between : hashed(list.split(' . '), Number(seed), modulus, offset, read)
}

function hashed(fields: string[], seed: number, modulus: number, offset: number, read: (field: string) => Read): Read {
  const parts = fields.map((field) => ({ field, read: read(field) }))
  return (moment: EvalContext) => {
    const bytes: number[] = []
    for (const part of parts) {
      const held = part.read(moment)
      // whatever stands where another protocol has its ports is hashed all the same
      if (held === ABSENT && !part.field.startsWith('th ')) return ABSENT
      const own = held === undefined || held === ABSENT || isUnknown(held) ? undefined : bytesOf(part.field, held)
      if (!own) {
        const reason =
          held !== ABSENT && isUnknown(held) ? held.unknown : `it is unknown which bytes of ${part.field} are hashed`
        return { unknown: reason, within: [offset, offset + modulus - 1] }
      }
      bytes.push(...own)
      // each part takes registers of 4 bytes; the last one as many bytes as it has
      if (parts.length > 1) while (bytes.length % 4 !== 0) bytes.push(0)
    }
    return offset + scaled(jhash(Uint8Array.from(bytes), seed), modulus)
  }
}

const PORT = /^(th|tcp|udp|udplite|sctp|dccp) [sd]port$/
const OWN_ORDER = ['meta mark', 'ct mark']

/** As they lie in nft's registers. */
function bytesOf(field: string, held: Held): number[] | undefined {
  if (/^(ip6?|ct (original|reply)) [sd]addr$/.test(field)) {
    const bytes = addressBytes(String(held))
    return bytes && [...bytes]
  }
  const number = Number(held)
  if (PORT.test(field)) return [(number >> 8) & 0xff, number & 0xff]
  if (OWN_ORDER.includes(field)) return [0, 8, 16, 24].map((bits) => (number >>> bits) & 0xff)
  if (field !== 'meta l4proto') return undefined
  const protocol = protocolNumber(String(held))
  return protocol === undefined ? undefined : [protocol]
}
