import { hasLeft } from '../../model/outcome-kinds.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { type Detector, lastPacket } from '../context.ts'
import { neighbourWords } from '../neighbours/later.ts'
import { atRouting } from './routing.ts'

/** It is to leave for a next hop that has not replied ARP or neighbour discovery, as host state has it. */
export const neighbourFailed: Detector = {
  code: 'neighbour-failed',
  detect(context) {
    const { journey, world } = context
    if (!hasLeft(journey.outcome)) return []
    const { out: shown, ...packet } = lastPacket(context)
    // where no chain is behind routing, the routes alone tell
    const question = shown === undefined ? atRouting(context)?.question : questionOf(packet)
    if (!question) return []
    const route = lookupRoute(question, world.host)
    const out = shown ?? route?.device
    // another way than the routes of now lead is not theirs to explain
    if (route?.type !== 'unicast' || route.nexthops || out === undefined || route.device !== out) return []
    const found = silentNeighbour(world.host, out, route.gateway ?? question.dst)
    return found ? neighbourWords.loaded.tellSilent(context, { question, route, out, found }) : []
  },
}
