import { parseFilter } from '../../src/filter/parse.ts'
import type { Packet } from '../../src/model/packet.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import type { Truth } from '../../src/rules/truth.ts'
import { familyOf } from './packets.ts'

/** What a filter says of each packet. Throws where the filter is refused. */
export function truths(filter: string, packets: readonly Packet[]): Truth[] {
  const result = parseFilter(filter)
  if ('error' in result) throw new Error(`${filter}: ${result.error.message}`)
  const world = emptyWorld()
  return packets.map((packet) => evaluate(result.condition, { packet, family: familyOf(packet), world }))
}

/** The places of the packets that it takes. */
export const taken = (filter: string, packets: readonly Packet[]): number[] =>
  truths(filter, packets).flatMap((truth, n) => (truth === true ? [n] : []))
