import { hasLeft } from '../../model/outcome-kinds.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { lookupRoute, questionOf, wayOut } from '../../rules/route.ts'
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
    if (route?.type !== 'unicast' || out === undefined) return []
    const way = wayOut(route, out)
    const found = way && silentNeighbour(world.host, out, way.gateway ?? question.dst)
    if (!way || !found) return []
    const several = route.nexthops ? { several: route } : {}
    return neighbourWords.loaded.tellSilent(context, { question, route: way, ...several, out, found })
  },
}
