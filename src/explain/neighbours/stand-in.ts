/** Hosts that have an address of a link's network and live behind another one: for them this host has to reply to ARP. */
import { deviceSysctl } from '../../edits/words.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import { isLocal } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { leadsOutOf, lookupRoute } from '../../rules/route.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { propose, setSysctl } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, finding, lastPacket } from '../context.ts'
import { isFoundBehind } from '../counterfactual/known-there.ts'
import { staysUnanswered } from '../counterfactual/undeliverable.ts'
import { larger } from '../findings/routing.ts'
import { homeOf } from '../host/routes.ts'
import { isOpening, isReplied } from '../reply/request-reply.ts'
import { DISCOVERY_UNPLAYED } from './frames.ts'

/** Its own source is of the network of the link that it left by, and lives behind another one: neighbours ask for it there. */
export function ofOtherLink(context: Context): Detected[] {
  const { journey, evidence, world } = context
  const { host } = world
  const { src, in: from, out } = lastPacket(context)
  if (journey.outcome !== 'forwarded' || src === undefined || from === undefined || out === undefined) return []
  const home = homeOf(src, host, out)
  if (from === out || home?.link.name !== out || isLocal(src, host) !== false) return []
  if (!isOpening(journey, evidence.nat, world) || isReplied(context)) return []
  const route = lookupRoute({ dst: src, mark: 0 }, host)
  if (!leadsOutOf(route, from)) return []
  if (isFoundBehind(src, from, out, host) || hasSilentNextHop(context, out)) return []
  const isSix = journey.family === 'ip6'
  const setting = isSix ? `net.ipv6.conf.${sysctlName(out)}.proxy_ndp` : `net.ipv4.conf.${sysctlName(out)}.proxy_arp`
  const ofAll = 'net.ipv6.conf.all.proxy_ndp'
  const isOff = isSix
    ? [setting, ofAll].every((name) => host.sysctls?.get(name) === '0')
    : larger(context, out, 'proxy_arp') === 0
  const isOn = isSix && [setting, ofAll].some((name) => host.sysctls?.get(name) === '1')
  const proxies = (host.neighbours ?? []).filter(({ proxy, family }) => proxy && (family === 'ip6') === isSix)
  const isListKnown = proxies.length > 0
  const isSure = isOff || isListKnown
  // IPv4's list of whom to stand in for counts without the setting, IPv6 asks for both
  if (!isSix && proxies.some(({ address }) => address === src)) return []
  if (isOn && proxies.some(({ address, device }) => address === src && device === out)) return []
  if (!isOff && !(isOn && (isListKnown || staysUnanswered(context)))) return []
  const asks = isSix ? 'neighbour solicitations' : 'ARP requests'
  const where = `that address is in the network of ${out} (${home.network}), but the host with that address is behind ${from}`
  const replies = isOff
    ? `does not reply to ${asks} for it there (${setting}=0)`
    : isListKnown
      ? `does not reply to ${asks} for it there ("ip -6 neigh show proxy" does not list it)`
      : `replies to ${asks} for it there only if "ip -6 neigh show proxy" lists it, which is unknown`
  const message = `It left by ${out} with its own source ${src}, and this host ${replies}: ${where}.`
  const description = `${isSure ? '' : 'if it is not listed, '}make this host reply to ${asks} for it`
  const proxy = `proxy ${isSix ? 'NDP' : 'ARP'} for its source`
  const fix: Proposal[] = isSix
    ? [
        {
          description: `${description}: ${isOff ? `sysctl -w ${setting}=1, and ` : ''}ip -6 neigh add proxy ${src} dev ${out}`,
          unverified: DISCOVERY_UNPLAYED,
        },
      ]
    : propose(
        description,
        setSysctl(deviceSysctl('ipv4', out, 'proxy_arp'), 1, 0),
        `${out} then also replies for every other address that is routed through another interface`,
        DISCOVERY_UNPLAYED,
      )
  return [
    finding('not-masqueraded', staysUnanswered(context) ? 'warning' : 'note', message, {
      steps: [context.ended.step + 1],
      fix,
      [FOR_REPORTS]: {
        headline: isSure ? `no ${proxy}` : `${proxy} unknown`,
      },
    }),
  ]
}

/** Nothing has left for a next hop that never gave its link address: whoever was to reply was not asked. */
export function hasSilentNextHop(context: Context, out: string): boolean {
  const { host } = context.world
  const hop = nextHopOf(lastPacket(context), out, host)
  return hop !== undefined && silentNeighbour(host, out, hop) !== undefined
}
