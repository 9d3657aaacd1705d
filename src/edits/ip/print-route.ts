/** Edits → `ip route …`. */
import type { Word } from '../../model/command.ts'
import type { RouteEdit } from '../../model/edit.ts'
import type { Route } from '../../model/host.ts'
import { everywhere, type IpFamily } from '../../rules/prefixes.ts'
import { addressWord, deviceWord, networkWord, positional, protocolWord } from '../words.ts'
import { defaultScope } from './default-scope.ts'

/** The words of the command, not yet quoted for a shell. */
export function routeEditWords({ op, route }: RouteEdit): Word[] {
  const both = op === 'flush' && route.table === 'all'
  const head = ['ip', ...(route.family === 'ip6' ? ['-6'] : both ? ['-4'] : []), 'route', op]
  // the object has the way, and a command may not name both
  const isByObject = route.nexthopId !== undefined && op !== 'del'
  const { destination, table } = route
  const { type, gateway, device, nexthops = [], flags = [] } = isByObject ? ({} as Partial<Route>) : route
  if (op === 'flush') {
    const exact = destination === undefined ? [] : ['exact', destination]
    return [...head, ...exact, 'table', table, ...given({ via: gateway, dev: device, type })]
  }
  const printed = destination === everywhere(route.family) ? 'default' : destination!
  const defaultTable = ['local', 'broadcast', 'anycast', 'nat'].includes(type ?? '') ? 'local' : 'main'
  return [
    ...head,
    ...(type === undefined || (type === 'unicast' && op !== 'del') ? [] : [type]),
    networkWord(printed),
    ...viaWords(gateway, route.family),
    ...(device === undefined ? [] : ['dev', deviceWord(device)]),
    ...(isByObject ? ['nhid', String(route.nexthopId)] : []),
    ...(table === defaultTable ? [] : ['table', positional(table)]),
    ...given({ metric: route.metric }),
    ...given({ src: route.source, from: route.from, scope: scopeWord(route, op), mtu: route.mtu }),
    ...(route.protocol === undefined || op === 'del' ? [] : ['proto', protocolWord(route.protocol)]),
    ...given({ tos: route.tos === undefined ? undefined : `0x${route.tos.toString(16)}` }),
    ...flags,
    ...nexthops.flatMap((one) => [
      'nexthop',
      ...viaWords(one.gateway, route.family),
      ...given({ dev: one.device, weight: one.weight }),
      ...(one.flags ?? []),
    ]),
  ]
}

function viaWords(gateway: string | undefined, family: IpFamily): Word[] {
  if (gateway === undefined) return []
  return ['via', ...(gateway.includes(':') && family === 'ip' ? ['inet6'] : []), addressWord(gateway)]
}

/** Only where it is not the one that goes without saying. */
function scopeWord(route: Partial<Route> & { family: IpFamily }, op: RouteEdit['op']): string | undefined {
  if (op === 'del' || route.family === 'ip6') return route.scope
  return route.scope === defaultScope(route, route.type ?? 'unicast') ? undefined : (route.scope ?? 'global')
}

const given = (options: Record<string, string | number | undefined>): string[] =>
  Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
