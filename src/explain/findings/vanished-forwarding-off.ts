import { applyEdits } from '../../edits/apply.ts'
import { deviceSysctl } from '../../edits/words.ts'
import type { Edit } from '../../model/edit.ts'
import type { World } from '../../model/world.ts'
import { isLocal } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { propose, setSysctl } from '../changes/change.ts'
import { type Changing, NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { areNeighbours, backToSender, deleteRoute, giveAddress, isDefault } from '../host/routes.ts'
import { atRouting, forwardingOf, type Routed, toForward } from './routing.ts'

/** The packet is for another host, and this one does not forward. */
export const vanishedForwardingOff: Detector = {
  code: 'vanished-forwarding-off',
  detect(context) {
    const routed = toForward(context) ?? withoutRoutes(context)
    if (!routed) return []
    const { sysctls } = context.world.host
    const device = routed.packet.in!
    const family = context.journey.family === 'ip6' ? 'ipv6' : 'ipv4'
    if (forwardingOf(context.world.host, context.journey.family, device) !== '0') return []
    const name = family === 'ipv6' ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'
    const onlyThis = family === 'ipv4' && (sysctls?.get(name) === '1' || forwardsByLink(sysctls))
    const mend = onlyThis ? `net.ipv4.conf.${sysctlName(device)}.forwarding` : name
    const { dst, packet, route } = routed
    const sender =
      route && context.journey.packet.dst === dst ? backToSender(packet, route, context.world.host) : undefined
    if (route && sender !== undefined) {
      const back = `the route to ${dst} leads back to ${sender}, which sent the packet here`
      const forward = `forwarding is off (${onlyThis ? mend : name} = 0), but enabling forwarding would not help`
      return [
        finding('vanished-forwarding-off', 'error', `No interface of this host has ${dst}, and ${back}: ${forward}.`, {
          steps: [context.ended.step + 1],
          fix: [
            giveAddress(packet, context.world.host),
            // one route alone may lead back there, where the others lead on
            ...(isDefault(route) ? [] : propose('remove that route', deleteRoute(route))),
          ],
        }),
      ]
    }
    const beside = isBesideSender(context, routed) ? besideSender(dst, packet.src!, device, family) : undefined
    if (beside) {
      const state = `forwarding is off (${onlyThis ? mend : name} = 0)`
      return [
        finding(
          'vanished-forwarding-off',
          'error',
          `${dst} is not an address of this host, and ${state}. ${beside.told}`,
          {
            steps: [context.ended.step + 1],
            fix: [beside.fix, giveAddress(packet, context.world.host)],
          },
        ),
      ]
    }
    return [
      finding(
        'vanished-forwarding-off',
        'error',
        `${dst} is not an address of this host, and forwarding is off (${onlyThis ? mend : name} = 0).`,
        {
          steps: [context.ended.step + 1],
          fix: [
            {
              description: `enable forwarding on ${onlyThis ? device : 'this host'}`,
              ...withOwnSettings(
                setSysctl(onlyThis ? deviceSysctl('ipv4', device, 'forwarding') : name, 1, 0),
                context.world,
              ),
              unverified: NOT_TRIED,
              note: `this host ${onlyThis ? `then forwards what comes in by ${device}` : 'is then a router'}: only its FORWARD rules protect the networks behind it`,
            },
          ],
        },
      ),
    ]
  },
}

/** Routes are not given: wherever they lead, what is for no address of this host would have to be forwarded. */
function withoutRoutes(context: Context): Routed | undefined {
  const { host } = context.world
  const routed = host.routes === undefined ? atRouting(context) : undefined
  return routed && !routed.local && isLocal(routed.dst, host) === false ? routed : undefined
}

/** Somebody chose the links that forward, as systemd-networkd does: what all have would add the others. */
const forwardsByLink = (sysctls: ReadonlyMap<string, string> | undefined): boolean =>
  [...(sysctls ?? [])].some(
    ([name, value]) => value === '1' && /^net\.ipv4\.conf\.(?!all\.|default\.|lo\.)[^.]+\.forwarding$/.test(name),
  )

/** With the undo of what the kernel changes along: the setting of all is written to each interface. */
function withOwnSettings(change: Changing, world: World): Changing {
  if ('unsayable' in change) return change
  const after = applyEdits(world, [...change.edits, ...change.undo])
  if ('error' in after) return change
  const { sysctls } = after.world.host
  const others = [...(world.host.sysctls ?? [])].filter(([name, value]) => sysctls?.get(name) !== value)
  return {
    ...change,
    undo: [...change.undo, ...others.map(([name, value]): Edit => ({ kind: 'sysctl', name, value }))],
  }
}

/** Both are on the link that it came in by: the sender asks that link for its address, and has this host's link address for it. */
function isBesideSender({ journey, world: { host } }: Context, { dst, packet, route }: Routed): boolean {
  const { in: device, src } = packet
  if (!route || src === undefined || device === undefined || journey.packet.dst !== dst || route.gateway !== undefined)
    return false
  return route.device === device && areNeighbours(src, dst, device, host)
}

function besideSender(
  dst: string,
  src: string,
  device: string,
  family: 'ipv4' | 'ipv6',
): { told: string; fix: Proposal } {
  const [entry, show] = family === 'ipv4' ? ['neighbour entry (ARP)', 'ip neigh'] : ['neighbour entry', 'ip -6 neigh']
  return {
    told: `${src} and ${dst} are in the same network on ${device}, so ${src} can reach ${dst} without this host. Either the ${entry} for ${dst} on ${src} has this host's MAC address, or ${src} has a route through this host.`,
    fix: {
      description: `on ${src}, check "${show} show ${dst}": delete the entry if it has this host's MAC address`,
      unverified: 'the entry is not on this host',
    },
  }
}
