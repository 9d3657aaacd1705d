/** `ip -j addr` and `ip -j link`, also with -br, which has no indexes (iproute2, ip/ipaddress.c print_linkinfo and print_addrinfo). */
import type { Report } from '../../model/diagnostic.ts'
import type { Link, LinkAddress } from '../../model/host.ts'
import { familyOf } from '../../rules/prefixes.ts'
import { scopeName } from '../../rules/route-names.ts'
import { callsTables } from './bridge-calls.ts'
import type { HostReading } from './format.ts'
import { asAddress, asNumber, asObject, asText, forEachObject, type JsonObject } from './json.ts'
import { bridgeDetails, detailsOf } from './link-details.ts'
import { flagsOf, unusedBy } from './unused-address.ts'
import { withoutUndefined } from './without-undefined.ts'

export function readIpAddrJson(text: string, report: Report): HostReading {
  const links: Link[] = []
  forEachObject(text, report, (object, line) => {
    // `ip -j addr show up` of older releases prints `{}` for an interface that it leaves out
    if (Object.keys(object).length === 0) return
    const link = readLink(object)
    if (link) links.push(link)
    else report('line-not-understood', 'an interface without ifindex or ifname', line)
  })
  return { host: { links } }
}

function readLink(object: JsonObject): Link | undefined {
  const index = asNumber(object.ifindex)
  const name = asText(object.ifname)
  if (name === undefined || (index === undefined && !isBrief(object))) return undefined
  // a tunnel has an IP address where others have their MAC
  const mac = asText(object.address)
  return withoutUndefined<Link>({
    index,
    name,
    mtu: asNumber(object.mtu),
    up: Array.isArray(object.flags) ? object.flags.includes('UP') : undefined,
    mac: mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) ? mac : undefined,
    kind: asText(asObject(object.linkinfo)?.info_kind),
    master: asText(object.master),
    peerNamespace: namespaceOf(asNumber(object.link_netnsid)),
    hairpin: flagOf(asObject(asObject(object.linkinfo)?.info_slave_data)?.hairpin),
    isolated: flagOf(asObject(asObject(object.linkinfo)?.info_slave_data)?.isolated),
    callsTables: callsTables((name) => asObject(asObject(object.linkinfo)?.info_data)?.[name] === 1),
    ...bridgeDetails(
      asText(asObject(asObject(object.linkinfo)?.info_slave_data)?.state),
      (name) => asObject(asObject(object.linkinfo)?.info_data)?.[name] === 1,
    ),
    ...detailsOf(asText(object.qdisc), asNumber(object.promiscuity)),
    noArp: Array.isArray(object.flags) && object.flags.includes('NOARP') ? true : undefined,
    group: asText(object.group),
    addresses: Array.isArray(object.addr_info) ? object.addr_info.flatMap(readAddress) : undefined,
  })
}

/** -1 where this namespace has no number for it. */
const namespaceOf = (id: number | undefined): string | undefined =>
  id === undefined || id < 0 ? undefined : String(id)

const flagOf = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)

/** The brief form has no index, and either the flags or the addresses. */
const isBrief = (object: JsonObject): boolean => !('mtu' in object) && ('flags' in object || 'addr_info' in object)

/** None for the `{}` that stands for an address which the command was told to leave out. */
function readAddress(item: unknown): LinkAddress[] {
  const object = asObject(item) ?? {}
  const address = asAddress(object.local)
  const prefixLength = asNumber(object.prefixlen)
  if (address === undefined || prefixLength === undefined) return []
  return [
    withoutUndefined<LinkAddress>({
      family: familyOf(address),
      address,
      prefixLength,
      scope: scopeName(asText(object.scope)),
      broadcast: asAddress(object.broadcast),
      peer: asAddress(object.address),
      unused: unusedBy((flag) => object[flag] === true),
      flags: flagsOf((flag) => object[flag] === true),
    }),
  ]
}
