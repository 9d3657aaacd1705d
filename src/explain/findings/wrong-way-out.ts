import { acceptBefore, propose } from '../changes.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { isSentNowhere, isSentToItself } from '../counterfactual/undeliverable.ts'
import { nameRef } from '../refs.ts'
import { askRoute, astray, deleteRoute } from '../routes.ts'

/** It left, or was to leave, by another interface than the one that leads to its destination. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const packet = lastPacket(context)
    const sent = isSentNowhere(context) ? destinationRule(context) : undefined
    if (sent) {
      const leads = `and only the default route leads there: back out of ${packet.out}, where it came from`
      return [
        finding('wrong-way-out', 'warning', `${nameRef(sent.ref)} sends it to ${packet.dst}, ${leads}.`, {
          steps: [context.ended.step + 1],
          rules: [sent.ref],
          culprit: sent.step,
          fix: [
            {
              description: `let the rule send it to a host that is there, or add a route to ${packet.dst}`,
              unverified: 'where it is meant to go is not known here',
            },
          ],
        }),
      ]
    }
    const circle = isSentToItself(context) ? destinationRule(context) : undefined
    if (circle) {
      const { ref, step } = circle
      const { packet: asked, hook } = context.evidence.arrivals[step]!
      return [
        finding(
          'wrong-way-out',
          'warning',
          `${nameRef(ref)} sends it back to ${packet.dst}, which sent it: a host drops what comes in with its own address as source.`,
          {
            steps: [step + 1],
            rules: [ref],
            culprit: step,
            fix: propose(
              'leave such packets as they are',
              acceptBefore(ref, asked, hook === undefined ? {} : { hook }),
              'nat does nothing else to them there',
            ),
          },
        ),
      ]
    }
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
