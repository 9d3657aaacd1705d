import { propose } from '../changes.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { askRoute, astray, deleteRoute } from '../routes.ts'

/** It left, or was to leave, by another interface than the one that leads to its destination. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const packet = lastPacket(context)
    const found = astray(packet, context.world.host)
    if (!found) return []
    const ask = askRoute(packet.dst)
    return [
      finding('wrong-way-out', 'warning', `It went the wrong way: ${found.why}.`, {
        steps: [context.ended.step + 1],
        fix: propose('take that route away', deleteRoute(found.route), ask && `ask for the way then: ${ask}`),
      }),
    ]
  },
}
