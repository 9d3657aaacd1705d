/** Replies that go to another link address than the request came from, since somebody entered that for its sender. */
import { propose } from '../../../explain/changes/change.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { finding } from '../../../explain/context.ts'
import { DISCOVERY_UNPLAYED } from '../../../explain/neighbours/frames.ts'
import type { Finding } from '../../../model/journey.ts'
import { neighboursAt } from '../../../rules/neighbours.ts'
import { lookupRoute, wayBackOf } from '../../../rules/route.ts'
import type { Part } from '../join/joined.ts'

/** Entries that the kernel learned are its own concern: a permanent one stays whatever comes. */
export function otherNeighbour(parts: readonly Part[]): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request?.own) return undefined
  const { journey, world } = request.told
  const { src, dst, in: device, srcMac } = journey.packet
  if (src === undefined || dst === undefined || device === undefined || srcMac === undefined) return undefined
  const entered = neighboursAt(world.host, device, src).find(({ state }) => state.includes('PERMANENT'))
  if (entered?.mac === undefined || entered.mac.toLowerCase() === srcMac.toLowerCase()) return undefined
  const route = lookupRoute(wayBackOf(journey.packet, dst, 0), world.host)
  if (route?.type !== 'unicast' || route.gateway !== undefined || route.device !== device) return undefined
  const to = `A permanent neighbour entry gives ${src} the MAC address ${entered.mac}`
  const entry = { kind: 'neighbour', address: src, device } as const
  const change = {
    edits: [{ ...entry, op: 'del' as const }],
    undo: [{ ...entry, op: 'replace' as const, mac: entered.mac.toLowerCase() }],
  }
  return finding('neighbour-failed', 'warning', `${to}, but the request came from ${srcMac}.`, {
    fix: propose(
      'remove the entry, so that this host resolves the address again (ARP/ND)',
      change,
      undefined,
      DISCOVERY_UNPLAYED,
    ).map(sayable),
  })
}
