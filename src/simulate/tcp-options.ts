/**
 * TCP's options. TCPMSS: a SYN announces no larger segments than that (net/netfilter/xt_TCPMSS.c, tcpmss_mangle_packet);
 * nft does the same to an option that is there (nft_exthdr_tcp_set_eval).
 */
import { change, type Skb } from './skb.ts'

/** Bytes that options can have. */
const MOST = 40
/** Kind 2, with its length, in hex. */
const MSS = '0204'

export function lowerMss(skb: Skb, most: number, mayAdd: boolean): void {
  const { tcpOptions: options, length } = skb.packet
  if (options === undefined) return
  const at = positionOf(options)
  const wanted = `${MSS}${most.toString(16).toUpperCase().padStart(4, '0')}`
  if (at !== undefined) {
    if (Number.parseInt(options.slice(at + 4, at + 8), 16) <= most) return
    change(skb, 'tcpOptions', options.slice(0, at) + wanted + options.slice(at + 8))
    return
  }
  if (!mayAdd) return
  const headers = (skb.family === 'ip' ? 40 : 60) + options.length / 2
  // with data behind the options there is no room
  if ((length !== undefined && length > headers) || options.length >= 2 * MOST) return
  // who announces nothing means the least that every host takes
  const least = Math.min(most, skb.family === 'ip' ? 536 : 1220)
  change(skb, 'tcpOptions', `${MSS}${least.toString(16).toUpperCase().padStart(4, '0')}${options}`)
  if (length !== undefined) change(skb, 'length', length + 4)
}

/**
 * Padding stands in its place (nft_exthdr_tcp_strip_eval): only the first of that kind. False: the header ends in it, and
 * the packet is dropped.
 */
export function stripOption(skb: Skb, kind: number): boolean {
  const { tcpOptions: options = '' } = skb.packet
  // what begins with the last byte the kernel does not see
  for (let at = 0; at + 4 <= options.length; ) {
    const size = sizeAt(options, at)
    if (Number.parseInt(options.slice(at, at + 2), 16) === kind) {
      if (at + 2 * size > options.length) return false
      change(skb, 'tcpOptions', options.slice(0, at) + '01'.repeat(size) + options.slice(at + 2 * size))
      return true
    }
    at += 2 * size
  }
  return true
}

/** Bytes; what ends the list and what pads it is one. */
const sizeAt = (options: string, at: number): number =>
  options.slice(at, at + 2) < '02' ? 1 : Number.parseInt(options.slice(at + 2, at + 4), 16) || 1

function positionOf(options: string): number | undefined {
  for (let at = 0; at + 4 <= options.length; at += 2 * sizeAt(options, at))
    if (options.startsWith(MSS, at) && at + 8 <= options.length) return at
  return undefined
}
