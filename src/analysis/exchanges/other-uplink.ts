/** A reply that leaves by another interface than the one whose address was asked. */
import { applyEdits } from '../../edits/apply.ts'
import { propose } from '../../explain/changes.ts'
import { finding } from '../../explain/context.ts'
import { addRoutingRule, addWayBack, isDefault } from '../../explain/routes.ts'
import { type ExchangeStatus, isFailed } from '../../model/exchange.ts'
import type { Finding, Fix } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { hasAddress } from '../../rules/fib.ts'
import { lookupRoute, routeDevices, rulesFor, wayBackOf } from '../../rules/route.ts'
import type { Part, Told } from './joined.ts'

interface OtherUplink {
  came: string
  left: string
  /** The reply was captured; else the model has played it. */
  isSeen: boolean
}

/** As captured, or as the model plays the reply; undefined where the one who asked has gone on with what came back. */
export function otherUplink(parts: readonly Part[], { dst }: Packet): OtherUplink | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request || dst === undefined) return undefined
  const { journey, reply: played, world } = request.told
  const reply = parts.find(({ role, told }) => role === 'replies' && isPassed(told.journey.outcome))
  if (reply && parts.some(({ role, id }) => role === 'request' && id > reply.id)) return undefined
  const came = journey.packet.in
  const left = reply ? reply.told.journey.steps.at(-1)?.out : played?.out
  if (came === undefined || left === undefined || left === came || left === 'lo') return undefined
  const has = (name: string) => hasAddress(world.host.links, name, dst)
  return has(came) && !has(left) ? { came, left, isSeen: reply !== undefined } : undefined
}

export function byOtherUplink(parts: readonly Part[], asked: Packet, status: ExchangeStatus): Finding[] {
  const found = otherUplink(parts, asked)
  if (!found) return []
  const { came, left, isSeen } = found
  const { dst } = asked
  const how = isSeen ? 'leaves' : 'would leave (played on the model)'
  return [
    finding(
      'reply-by-other-uplink',
      // many a machine works so: it counts where somebody was seen not to go on with the reply
      isSeen || isFailed(status) ? 'warning' : 'note',
      `The request to ${dst} came in on ${came}, but its reply ${how} by ${left}. A reverse path filter on the path may drop it: ${dst} is an address of ${came}.`,
      {
        fix: [
          ...backOut(parts.find(({ role }) => role === 'request')!.told, asked, came),
          {
            description: `route replies back out of ${came}: "ip rule add from ${dst} lookup TABLE" for replies of this host; for forwarded replies, save a mark for ${came} in the connection (CONNMARK, ct mark) and add a routing rule for that mark`,
            unverified: 'which gateway is behind it is not known here',
          },
        ],
      },
    ),
  ]
}

/** By the table that is there for that interface, or by a route for this sender alone; as far as routes tell. */
function backOut({ journey, world }: Told, { dst = '' }: Packet, came: string): Fix[] {
  const { packet, outcome } = journey
  const { host } = world
  if (packet.src === undefined) return []
  const family = dst.includes(':') ? 'ip6' : 'ip'
  const reply = wayBackOf(packet, dst, 0)
  const chosen = rulesFor(reply, host).find(
    (rule) => typeof rule.action === 'object' && lookupRoute(reply, { ...host, routingRules: [rule] }),
  )
  const uplink = host.routes?.find(
    (one) => one.family === family && one.device === came && one.gateway !== undefined && isDefault(one),
  )
  // what it forwards has another source where it is routed
  const rule =
    outcome === 'delivered' && uplink && chosen && chosen.priority > 0
      ? addRoutingRule({
          ...{ family, priority: chosen.priority - 1, action: { table: uplink.table } },
          from: `${dst}/${family === 'ip' ? 32 : 128}`,
        })
      : undefined
  const fixes = [
    ...propose(
      `lead what has the source ${dst} to table ${uplink?.table}, whose default route leaves by ${came}`,
      rule,
    ),
    ...addWayBack(packet, host),
  ]
  return fixes.flatMap((fix) => {
    const after = applyEdits(world, fix.edits ?? [])
    const route = 'error' in after ? undefined : lookupRoute(reply, after.world.host)
    return route && routeDevices(route).includes(came)
      ? [{ ...fix, unverified: `only the reply's route was looked up: it leads out of ${came} then` }]
      : []
  })
}
