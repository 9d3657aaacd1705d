/** A reply that leaves by another interface than the one whose address was asked, led back out of that one. */
import { applyEdits } from '../../edits/apply.ts'
import type { Host } from '../../model/host.ts'
import type { Fix, Journey } from '../../model/journey.ts'
import type { World } from '../../model/world.ts'
import { hasAddress } from '../../rules/fib.ts'
import { lookupRoute, routeDevices, rulesFor, wayBackOf } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { restoreMark } from '../findings/later.ts'
import { addRoutingRule, addWayBack, isDefault } from '../host/routes.ts'

/** The address that was asked is one of the interface by which the request came, and none of the one by which its reply leaves. */
export const isOtherUplink = ({ links }: Host, asked: string, came: string, left: string): boolean =>
  left !== came && left !== 'lo' && hasAddress(links, came, asked) === true && !hasAddress(links, left, asked)

/** By the table that is there for that interface, or by a route for this sender alone; as far as routes tell. */
export function backOut(journey: Journey, world: World, dst: string, came: string): Fix[] {
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
    ...propose(`use table ${uplink?.table} to route packets from ${dst}: its default route leaves by ${came}`, rule),
    ...addWayBack(packet, host),
  ]
  const routed = fixes.flatMap((fix) => {
    const after = applyEdits(world, fix.edits ?? [])
    const route = 'error' in after ? undefined : lookupRoute(reply, after.world.host)
    return route && routeDevices(route).includes(came)
      ? [{ ...fix, unverified: `only the reply's route was checked: it would then leave by ${came}` }]
      : []
  })
  // what was meant to lead replies back goes before a route for this client alone
  return [...restoreMark(journey, world, dst, came), ...routed]
}
