/** Hashes of tuples, 30 bits. */
import type { Tuple } from '../model/host.ts'

export const hashOf = ({ src, dst, sport = 0, dport = 0, icmpId = 0 }: Tuple, protocol: number): number =>
  mix(mix(mix(hashText(dst, hashText(src, protocol)), sport), dport), icmpId)

export const sourceHash = ({ src, sport = 0, icmpId = 0 }: Tuple, protocol: number): number =>
  mix(mix(hashText(src, protocol), sport), icmpId)

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x9e3779b1) >>> 2

function hashText(text: string, start: number): number {
  let hash = start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}
