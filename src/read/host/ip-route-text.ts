/** `ip route show table all` and `ip -6 route`, also with -d (iproute2, ip/iproute.c print_route). */

import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalAddress, canonicalPrefix, everywhere } from '../../rules/prefixes.ts'
import { routeType, scopeName, tableName, tosValue } from '../../rules/route-names.ts'
import type { HostFormat } from './format.ts'
import type { Hidden } from './hidden-address.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'
import { originOf, routeFamily, routesRead, type UntabledRoute } from './routes.ts'
import { withoutUndefined } from './without-undefined.ts'

const FLAGS = new Set([
  ...['onlink', 'linkdown', 'dead', 'pervasive', 'offload', 'offload_failed', 'trap', 'rt_offload', 'rt_trap'],
  ...['rt_offload_failed', 'unresolved', 'notify', 'cache'],
])
/** Words with a value that say nothing about where a packet goes. */
const BESIDES = new Set([
  ...['proto', 'protocol', 'advmss', 'window', 'rtt', 'rttvar', 'ssthresh', 'cwnd', 'initcwnd', 'initrwnd', 'rto_min'],
  ...['reordering', 'hoplimit', 'features', 'quickack', 'congctl', 'fastopen_no_cookie', 'expires', 'error', 'nhid'],
  ...['realm', 'realms', 'users', 'age', 'pref', 'ttl-propagate'],
])
const NEXTHOP = /^\s+nexthop\s+(.*)$/
/** `ip -d route` adds what a nexthop object holds, which the route itself shows as well. */
const NEXTHOP_INFO = /^\s+nh_info\s/

export const ipRouteText: HostFormat = {
  id: 'ip-route',
  describe: 'ip route show table all',
  sniff(head) {
    const [first, second] = wholeLines(head)
    if (first === undefined || /^\s*cache\b/.test(second ?? '')) return false
    let strange = false
    const route = readRoute(first, () => {
      strange = true
    })
    if (typeof route === 'string' || strange) return false
    const leads = route.device ?? route.gateway ?? (second && NEXTHOP.test(second))
    return Boolean(leads) || ['unreachable', 'blackhole', 'prohibit', 'throw'].includes(route.type)
  },
  read(text, report) {
    const routes: UntabledRoute[] = []
    const hidden: string[] = []
    const addresses: Hidden[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '' || NEXTHOP_INFO.test(line)) return
      const unknown = (word: string) =>
        report('word-not-understood', `nfwhy does not understand "${word}" in a route`, number)
      const nexthop = NEXTHOP.exec(line)
      const last = routes.at(-1)
      if (nexthop && last) {
        addNexthop(last, nexthop[1]!, unknown)
        return
      }
      const route = readRoute(line, unknown)
      if (typeof route === 'string') {
        report('line-not-understood', `${route}: ${quoted(line)}`, number)
        if (LEADS.test(line)) hidden.push(line.trim())
        return
      }
      routes.push(route)
      const source = / src (\S{1,60})/.exec(line)?.[1]
      if (source !== undefined && route.source === undefined) addresses.push({ family: route.family, text: source })
    })
    const unread = {
      ...(hidden.length > 0 ? { routes: hidden } : {}),
      ...(addresses.length > 0 ? { addresses } : {}),
    }
    return { host: { ...routesRead(routes), ...(Object.keys(unread).length > 0 ? { unread } : {}) } }
  },
}

/** A route of which only the destination is not readable. */
const LEADS = /^\S{1,60} (?:via|dev) \S/

/** The route, or what was not understood of it. */
function readRoute(line: string, unknown: (word: string) => void): UntabledRoute | string {
  if (/^\s/.test(line)) return 'not a route'
  const words = line.trim().split(/\s+/)
  // -N prints the type's number, which alone is no destination
  const type = routeType(words[0] ?? '')
  if (type !== undefined) words.shift()
  const destination = words.shift() ?? ''
  if (destination !== 'default' && canonicalPrefix(destination) === undefined) return 'not a route'
  const values = readWords(words, unknown)
  const from = values.get('from')
  const tos = values.get('tos')
  const table = values.get('table')
  if (tos !== undefined && tosValue(tos) === undefined) return 'nfwhy does not know the TOS of a route'
  const family = routeFamily([destination, values.get('via'), values.get('src'), from], values.has('pref'))
  return withoutUndefined<UntabledRoute>({
    family,
    type: type ?? 'unicast',
    destination: canonicalPrefix(destination) ?? everywhere(family),
    table: table === undefined ? undefined : tableName(table),
    ...readWay(values),
    source: canonicalAddress(values.get('src') ?? ''),
    metric: kernelNumber(values.get('metric')),
    mtu: kernelNumber(values.get('mtu')),
    scope: scopeName(values.get('scope')),
    protocol: originOf(values.get('proto') ?? values.get('protocol')),
    tos: tos === undefined ? undefined : tosValue(tos),
    from: from === 'default' ? everywhere(family) : canonicalPrefix(from ?? ''),
    nexthopId: kernelNumber(values.get('nhid')),
  })
}

interface Way {
  gateway?: string
  device?: string
  weight?: number
  flags?: string[]
}

function readWay(values: ReadonlyMap<string, string>): Way {
  const flags = [...values.keys()].filter((key) => FLAGS.has(key))
  return withoutUndefined<Way>({
    gateway: canonicalAddress(values.get('via') ?? values.get('other via') ?? ''),
    device: values.get('dev'),
    weight: kernelNumber(values.get('weight')),
    flags: flags.length > 0 ? flags : undefined,
  })
}

function addNexthop(route: UntabledRoute, text: string, unknown: (word: string) => void): void {
  const values = readWords(text.trim().split(/\s+/), unknown)
  route.nexthops ??= []
  route.nexthops.push(readWay(values))
  // `default` with several gateways has nothing else to tell its family by
  if (values.get('via')?.includes(':') && route.destination === everywhere('ip')) {
    route.family = 'ip6'
    route.destination = everywhere('ip6')
  }
}

const WITH_VALUE = new Set(['dev', 'table', 'scope', 'src', 'metric', 'from', 'tos', 'dsfield', 'weight', 'mtu'])

/** `via inet6 ADDRESS` (the other family) is kept as `other via`. */
function readWords(words: readonly string[], unknown: (word: string) => void): Map<string, string> {
  const values = new Map<string, string>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === 'via') {
      const other = words[i + 1] === 'inet6' || words[i + 1] === 'inet'
      if (other) i++
      values.set(other ? 'other via' : 'via', words[++i] ?? '')
    } else if (WITH_VALUE.has(word)) {
      if (word === 'mtu' && words[i + 1] === 'lock') i++
      values.set(word === 'dsfield' ? 'tos' : word, words[++i] ?? '')
    } else if (BESIDES.has(word)) values.set(word, words[++i] ?? '')
    else if (FLAGS.has(word)) values.set(word, '')
    else unknown(word)
  }
  return values
}
