import { deviceSysctl } from '../../edits/words.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute } from '../../rules/route.ts'
import { setSysctl } from '../changes/change.ts'
import { NOT_TRIED, type Proposal, together } from '../changes/proposal.ts'
import type { Context, Detected, Detector } from '../context.ts'
import { atRouting, larger, type Routed } from './routing.ts'
import { martian } from './vanished-martian.ts'

/** Priorities of the rules that are there from the start. */
const KERNELS_OWN: readonly number[] = [0, 32766, 32767]

/** The host's own address as source; asked once the route is known (net/ipv4/fib_frontend.c, fib_validate_source). */
export const vanishedOwnAddress: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    const { src } = routed.packet
    if (larger(context, device, 'accept_local')) return []
    const own = isLocal(src, context.world.host)
    if (own === false) return byMark(context, routed, device)
    if (own !== true) return []
    const { links, routingRules } = context.world.host
    // of the loopback network only what an interface has; all that is routed to lo, where the routes are asked
    const assigned = links?.find((link) => link.addresses?.some(({ address }) => address === src))
    const ownRules = routingRules?.some(({ family, priority }) => family === 'ip' && !KERNELS_OWN.includes(priority))
    if (src.startsWith('127.') && !assigned && !ownRules && !larger(context, device, 'rp_filter')) return []
    const where = assigned === undefined ? '' : `on ${assigned.name}; `
    const setting = `net.ipv4.conf.${sysctlName(device)}.accept_local is 0`
    const fix = isReplyInItsName(context, routed) ? acceptOwn(context, device) : []
    return martian(context, device, `${src} is this host's own address (${where}${setting})`, fix)
  },
}

/** This host has forwarded the request to another machine that has its address, too, as a balancer does (direct server return). */
function isReplyInItsName({ world }: Context, { packet }: Routed): boolean {
  const { original, reply } = entryAnswered(packet, world) ?? {}
  return original !== undefined && original.dst === reply?.src && isLocal(original.src, world.host) === false
}

/** A strict rp_filter compares the interface as well (__fib_validate_source); of the setting for all and this one, the larger counts. */
function acceptOwn(context: Context, device: string): Proposal[] {
  const accept = setSysctl(deviceSysctl('ipv4', device, 'accept_local'), 1, 0)
  const before = context.world.host.sysctls?.get(`net.ipv4.conf.${sysctlName(device)}.rp_filter`)
  const isStrict = larger(context, device, 'rp_filter') === 1
  if (!('edits' in accept) || (isStrict && before === undefined)) return []
  const loose = isStrict ? setSysctl(deviceSysctl('ipv4', device, 'rp_filter'), 2, before!) : undefined
  return [
    {
      description: `accept packets with this host's addresses from ${device}, if a server there replies with them`,
      ...(loose && 'edits' in loose ? together(accept, loose) : accept),
      unverified: NOT_TRIED,
      note: `hosts behind ${device} can then use any address of this host as their source`,
    },
  ]
}

/** With src_valid_mark the way back is asked for with the packet's mark, which may be there to lead it to this host. */
function byMark(context: Context, { packet, dst }: Routed, device: string): Detected[] {
  const { host } = context.world
  const { src, mark = 0 } = packet
  if (src === undefined || mark === 0 || !larger(context, device, SRC_VALID_MARK)) return []
  if (lookupRoute({ dst: src, src: dst, mark }, host)?.type !== 'local') return []
  const set = ['all', sysctlName(device)].filter((one) => Number(host.sysctls?.get(nameOf(one)) ?? 0) > 0)
  const why = `its mark ${hex(mark)} is used for the route back to ${src} (${set.map(nameOf).join(', ')} is 1), and that route leads to this host itself`
  const clear = set.map((one) =>
    setSysctl(
      one === 'all' ? nameOf('all') : deviceSysctl('ipv4', device, SRC_VALID_MARK),
      0,
      host.sysctls!.get(nameOf(one))!,
    ),
  )
  const edits = clear.flatMap((one) => ('edits' in one ? one.edits : []))
  const undo = clear.flatMap((one) => ('undo' in one ? one.undo : []))
  return martian(context, device, why, [
    {
      description: 'make the kernel look up the route back without the mark',
      ...{ edits, undo },
      unverified: NOT_TRIED,
      note: 'with a strict rp_filter, a tunnel that carries all traffic may need src_valid_mark = 1',
    },
  ])
}

const SRC_VALID_MARK = 'src_valid_mark'
const nameOf = (device: string): string => `net.ipv4.conf.${device}.${SRC_VALID_MARK}`
