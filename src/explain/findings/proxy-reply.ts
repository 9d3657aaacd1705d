import type { Host } from '../../model/host.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { routeDevices } from '../../rules/route.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
import { ALL_BITS, markingStep } from '../counterfactual/marked-way.ts'
import { leadHere } from './proxy-missing.ts'
import { type Routed, sysctlName, toForward } from './routing.ts'

/**
 * A program of this host asked from an address of another host (IP_TRANSPARENT), as proxies do that keep their client's
 * address: the reply has that address as destination, and only a local route keeps it on this host.
 */
export const proxyReply: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const routed = toForward(context)
    if (!routed || !isOfOwnSocket(context, routed)) return []
    const { dst, packet, route } = routed
    const asked = `This host asked ${describeEnd(packet.src, packet.sport)} from ${dst}, which is not its own address`
    const mark = (packet.mark ?? 0) >>> 0
    const lead = leadHere(context, mark)
    const given = mark === 0 ? undefined : markingStep(context, context.ended.step, { value: mark, mask: ALL_BITS })
    const leads = `the route to ${dst}${mark === 0 ? '' : ` for mark ${hex(mark)}`} leads out of ${routeDevices(route).join(' or ')}`
    return [
      finding('proxy-missing', 'error', `${asked}: the reply needs a local route, and ${leads}.`, {
        steps: [context.ended.step + 1],
        rules: given ? [given.ref] : [],
        ...(given ? { culprit: given.step } : {}),
        fix:
          lead.length > 0
            ? lead
            : [
                {
                  description:
                    mark !== 0
                      ? `lead packets with mark ${hex(mark)} to a table with the route local default dev lo: ip rule add fwmark ${hex(mark)} lookup TABLE`
                      : 'mark packets for sockets of this host (-m socket --transparent) in PREROUTING, and add a local route for the mark: ip rule add fwmark MARK lookup TABLE, ip route add local default dev lo table TABLE',
                  unverified:
                    mark !== 0
                      ? 'a free table number is unknown here'
                      : 'a free mark and table number are unknown here',
                },
              ],
        // it was not to be forwarded
        settles: 'vanished-forwarding-off',
      }),
    ]
  },
}

/**
 * Conntrack has it as a reply, to what this host cannot have forwarded: so it was sent here. A connection on which both
 * sides went on (assured) may be from a time when it forwarded.
 */
function isOfOwnSocket({ world, journey }: Context, { packet, dst }: Routed): boolean {
  const { host } = world
  const entry = entryAnswered(packet, world)
  if (entry?.original.src !== dst || entry.reply?.dst !== dst || journey.packet.dst !== dst) return false
  if (entry.status.includes('assured')) return false
  return isLocal(dst, host) === false && isForwardingOff(host, journey.family === 'ip6' ? 'ipv6' : 'ipv4')
}

/** On every interface. */
function isForwardingOff({ sysctls, links }: Host, family: 'ipv4' | 'ipv6'): boolean {
  if (family === 'ipv6') return sysctls?.get('net.ipv6.conf.all.forwarding') === '0'
  const own = links?.map(({ name }) => sysctls?.get(`net.ipv4.conf.${sysctlName(name)}.forwarding`))
  return sysctls?.get('net.ipv4.ip_forward') === '0' && own?.includes('1') !== true
}
