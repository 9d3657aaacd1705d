import { isForMany, isGroup, isOwnCopy } from '../../rules/fib.ts'
import { setSysctl } from '../changes/change.ts'
import { NOT_TRIED } from '../changes/proposal.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'

/** A ping came in, and this host answers none: a setting says so (net/ipv4/icmp.c icmp_rcv, net/ipv6/icmp.c icmpv6_rcv). */
export const echoIgnored: Detector = {
  code: 'echo-ignored',
  detect(context) {
    const name = settingOf(context)
    const value = name === undefined ? undefined : context.world.host.sysctls?.get(name)
    if (name === undefined || value === undefined || value === '0') return []
    return [
      finding('echo-ignored', 'error', `Netfilter accepted it, but the kernel does not reply: ${name} is ${value}.`, {
        steps: [context.ended.step + 1],
        fix: [
          {
            description: 'allow the kernel to reply to echo requests',
            ...setSysctl(name, 0, value),
            unverified: NOT_TRIED,
          },
        ],
      }),
    ]
  },
}

/** Which of the settings keeps the kernel from answering, if it is on. */
function settingOf(context: Context): string | undefined {
  const { journey, world } = context
  const { protocol, icmpType, dst } = lastPacket(context)
  if (journey.outcome !== 'delivered' || dst === undefined) return undefined
  // its own ping to a group comes to this host as well, and nobody waits for its own answer
  if (isOwnCopy(lastPacket(context), world.host)) return undefined
  const isOn = (name: string) => (world.host.sysctls?.get(name) ?? '0') !== '0'
  if (protocol === 'icmp' && icmpType === 8) {
    if (isOn('net.ipv4.icmp_echo_ignore_all')) return 'net.ipv4.icmp_echo_ignore_all'
    return isForMany({ dst }, world.host) ? 'net.ipv4.icmp_echo_ignore_broadcasts' : undefined
  }
  if (protocol !== 'icmpv6' || icmpType !== 128) return undefined
  if (isOn('net.ipv6.icmp.echo_ignore_all')) return 'net.ipv6.icmp.echo_ignore_all'
  return isGroup(dst) ? 'net.ipv6.icmp.echo_ignore_multicast' : undefined
}
