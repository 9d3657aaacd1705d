/** A packet as it left the machine that it was seen on. */
import { natWord } from '../journey/nat-words.ts'
import type { Journey, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'

const REWRITES_SOURCE = new Set(['snat', 'masquerade', 'netmap'])

/** Does it give a source that NAT chooses? */
export const hidesSource = ({ verdict = '', rule = '' }: Step): boolean =>
  REWRITES_SOURCE.has(verdict === 'accept' ? (natWord(rule) ?? '') : verdict)

/** With what the last hook did to it; what NAT chose there, and no line shows, is left out. */
export function asItLeft({ packet, steps }: Journey): Packet {
  const left: Packet = { ...packet }
  const last = steps.at(-1)
  for (const { src, dst, sport, dport, ttl } of steps) {
    if (src !== undefined) left.src = src
    if (dst !== undefined) left.dst = dst
    if (sport !== undefined) left.sport = sport
    if (dport !== undefined) left.dport = dport
    if (ttl !== undefined) left.ttl = ttl
  }
  for (const step of steps) {
    if (step.hook !== last?.hook) continue
    if (hidesSource(step)) {
      delete left.src
      delete left.sport
    }
    for (const { field, to, among } of step.changes) {
      if (field !== 'src' && field !== 'dst' && field !== 'sport' && field !== 'dport') continue
      if (among === undefined) Object.assign(left, { [field]: to })
      else delete left[field]
    }
  }
  return left
}
