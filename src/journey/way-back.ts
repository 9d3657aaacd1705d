/** Whether the reverse path filter let a packet in, where its route back is unknown (net/ipv4/fib_frontend.c). */
import type { Host } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { settingsOf } from '../rules/interface-settings.ts'
import { linkNamed } from '../rules/links.ts'
import { isInNetwork } from '../rules/prefixes.ts'
import { knowsRoutingRules, lookupRoute, wayBackOf } from '../rules/route.ts'

/**
 * A strict one wants the route back to leave where the packet came in. No routes are listed, or routing rules that are
 * not listed may lead it elsewhere.
 */
export function isWayBackUnknown(packet: Packet, { host }: World): boolean {
  const { in: device, src, dst } = packet
  if (device === undefined || device === 'lo' || src === undefined || dst === undefined || src.includes(':'))
    return false
  const strict = isStrict(device, host)
  if (strict === false || knowsRoutingRules(host, src)) return false
  // without routes most hosts would be doubted, whose settings are unknown, too
  if (!host.routes) return strict === true && !isBeside(src, device, host)
  return lookupRoute(wayBackOf(packet, dst, 0), host) === undefined
}

/** The kernel takes the larger of both; 1 is strict. */
function isStrict(device: string, host: Host): boolean | undefined {
  const [all, own] = settingsOf(host, device, 'rp_filter')
  return all === undefined || own === undefined ? undefined : Math.max(Number(all), Number(own)) === 1
}

const isBeside = (address: string, device: string, host: Host): boolean =>
  linkNamed(host, device)?.addresses?.some((own) => isInNetwork(address, `${own.address}/${own.prefixLength}`)) === true
