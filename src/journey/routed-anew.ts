/**
 * A chain of type route in OUTPUT that has changed the mark makes the kernel route the packet again (ip_route_me_harder in
 * net/ipv4/netfilter.c, nf_route_table_hook4). The hook's lines go on to show the interface that was chosen before; behind
 * them it leaves by the new one.
 */
import type { Family } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { afterAll, writesMark } from '../rules/assign.ts'
import { lookupRoute, questionAnew, routeDevices } from '../rules/route.ts'
import { baseOf, type StepContext } from './step-context.ts'

export interface RoutedAnew {
  /** What the last step shows. */
  from: string
  /** By which it leaves; absent: not known. */
  out?: string
}

/** Undefined: it was not, or it leaves by the interface that is shown. */
export function routedAnew(arrivals: readonly StepContext[], family: Family, world: World): RoutedAnew | undefined {
  const last = arrivals.at(-1)
  const from = last?.packet.out
  if (last?.hook !== 'output' || from === undefined) return undefined
  const isMarked = arrivals.some(
    ({ rule, hook }, i) =>
      hook === 'output' && rule !== undefined && writesMark(rule) && baseOf(arrivals, i)?.type === 'route',
  )
  if (!isMarked) return undefined
  const { packet } = afterAll(last.rule?.statements ?? [], { packet: last.packet, family, world })
  const question = packet.mark === undefined ? undefined : questionAnew(packet)
  const route = question && lookupRoute(question, world.host)
  const [out, ...others] = route?.type === 'unicast' ? routeDevices(route) : []
  if (out === undefined || others.length > 0) return { from }
  return out === from ? undefined : { from, out }
}
