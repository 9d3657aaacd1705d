/** `ip -j rule` and `ip -6 -j rule`, alone or after each other in one file (iproute2, ip/iprule.c print_rule). */
import type { Report } from '../../model/diagnostic.ts'
import type { RoutingRule } from '../../model/host.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { tableName, tosValue } from '../../rules/route-names.ts'
import type { HostReading } from './format.ts'
import { asNumber, asText, forEachObject, type JsonObject, shown } from './json.ts'
import { nameFamilies, takeRule, type UnplacedRule } from './rule-family.ts'
import { withoutUndefined } from './without-undefined.ts'

export function readIpRuleJson(text: string, report: Report): HostReading {
  const rules: UnplacedRule[] = []
  forEachObject(text, report, (object, line) => {
    takeRule(rules, readRule(object), () => shown(object), line, report)
  })
  return { host: { routingRules: nameFamilies(rules) } }
}

/** What says nothing about which packets the rule takes, or where to. */
const BESIDES = new Set(['protocol', 'iif_detached', 'oif_detached', 'unresolved', 'flow_from', 'flow_to'])

const READ = new Set([
  ...['priority', 'not', 'src', 'srclen', 'dst', 'dstlen', 'tos', 'fwmark', 'fwmask', 'iif', 'oif', 'ipproto'],
  ...['sport', 'sport_start', 'sport_end', 'dport', 'dport_start', 'dport_end', 'uid_start', 'uid_end'],
  ...['table', 'suppress_prefixlen', 'suppress_ifgroup', 'goto', 'nop', 'l3mdev', 'action'],
])

function readRule(object: JsonObject): UnplacedRule | undefined {
  const priority = asNumber(object.priority)
  const action = readAction(object)
  if (priority === undefined || action === undefined) return undefined
  const unknown = Object.keys(object)
    .filter((key) => !READ.has(key) && !BESIDES.has(key))
    .map((key) => `${key} ${shown(object[key])}`)
  const tos = asText(object.tos)
  if (tos !== undefined && tosValue(tos) === undefined) unknown.push(`tos ${tos}`)
  const from = asPrefix(object.src, object.srclen)
  const to = asPrefix(object.dst, object.dstlen)
  if (from === undefined && object.src !== 'all') unknown.push(`from ${shown(object.src)}`)
  if (to === undefined && 'dst' in object) unknown.push(`to ${shown(object.dst)}`)
  return withoutUndefined<UnplacedRule>({
    priority,
    not: 'not' in object ? true : undefined,
    from,
    to,
    tos: tos === undefined ? undefined : tosValue(tos),
    mark: asNumber(object.fwmark),
    markMask: asNumber(object.fwmask),
    in: asText(object.iif),
    out: asText(object.oif),
    protocol: asText(object.ipproto),
    sport: asRange(object, 'sport'),
    dport: asRange(object, 'dport'),
    uid: asRange(object, 'uid'),
    action,
    suppressPrefixLength: asNumber(object.suppress_prefixlen),
    suppressInterfaceGroup: asText(object.suppress_ifgroup),
    unknown: unknown.length > 0 ? unknown : undefined,
  })
}

function readAction(object: JsonObject): RoutingRule['action'] | undefined {
  const table = asText(object.table)
  if (table !== undefined) return { table: tableName(table) }
  const goto = asNumber(object.goto)
  if (goto !== undefined) return { goto }
  if ('nop' in object) return 'nop'
  if ('l3mdev' in object) return 'l3mdev'
  const action = object.action
  return action === 'blackhole' || action === 'unreachable' || action === 'prohibit' ? action : undefined
}

/** Undefined for `all`. */
function asPrefix(address: unknown, length: unknown): string | undefined {
  return typeof address === 'string' && address !== 'all' ? canonicalPrefix(address, asNumber(length)) : undefined
}

function asRange(object: JsonObject, name: string): [number, number] | undefined {
  const one = asNumber(object[name])
  if (one !== undefined) return [one, one]
  const start = asNumber(object[`${name}_start`])
  const end = asNumber(object[`${name}_end`])
  return start === undefined || end === undefined ? undefined : [start, end]
}
