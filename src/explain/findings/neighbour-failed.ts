import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Detector } from '../context.ts'
import { neighbourWords } from '../neighbours/later.ts'

/** It is to leave for a next hop that has not replied ARP or neighbour discovery, as host state has it. */
export const neighbourFailed: Detector = {
  code: 'neighbour-failed',
  detect: (context) =>
    hasLeft(context.journey.outcome) && context.world.host.neighbours?.length
      ? neighbourWords.loaded.tellNextHop(context)
      : [],
}
