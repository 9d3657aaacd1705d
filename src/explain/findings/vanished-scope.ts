import { isLinkLocal, routeDevices } from '../../rules/route.ts'
import { listener } from '../../rules/sockets.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { type Routed, toForward } from './routing.ts'

/**
 * A link-local source means something on its own link alone, so the kernel takes it to no other one; POSTROUTING, where
 * SNAT could give it another source, comes later (ip6_forward in net/ipv6/ip6_output.c; RFC 4291, 2.5.6).
 */
export const vanishedScope: Detector = {
  code: 'vanished-scope',
  detect(context) {
    const routed = toForward(context)
    const { src, in: device } = routed?.packet ?? {}
    if (!routed || src === undefined || !isLinkLocal(src)) return []
    const out = routeDevices(routed.route)
    if (out.length === 0 || out.includes(device!)) return []
    const nat = rewriter(context, routed)
    const rewritten = nat ? `${nameRef(nat)} rewrote the destination to ${routed.dst}. ` : ''
    return [
      finding(
        'vanished-scope',
        'error',
        `${rewritten}${src} is a link-local address on ${device}, and the packet must leave through ${out.join(' or ')}: the kernel forwards no packet with a link-local source to another link, and replies "beyond scope of source address". SNAT does not help: POSTROUTING comes later.`,
        {
          steps: [context.ended.step + 1],
          rules: nat ? [nat] : [],
          fix: [...(nat ? keepHere(context, nat) : []), globalSource(context, device!)],
        },
      ),
    ]
  },
}

/** The rule of nat by which it is no longer for this host. */
const rewriter = (context: Context, { dst }: Routed) =>
  dst === context.journey.packet.dst ? undefined : refAt(context, context.ended.step)

/** A program of this host has what was asked for. */
function keepHere(context: Context, nat: NonNullable<ReturnType<typeof rewriter>>): Proposal[] {
  const { packet } = context.journey
  if (!listener(context.world.host, packet)) return []
  const end = describeEnd(packet.dst, packet.dport)
  return propose(
    `exempt such packets from ${nameRef(nat)}: a program on this host listens on ${end}`,
    acceptBefore(nat, packet),
  )
}

/** Who asks a link-local address has a link-local source. */
function globalSource({ journey: { packet }, world: { host } }: Context, device: string): Proposal {
  const link = host.links?.find(({ name }) => name === device)
  const own = link?.addresses?.find(({ address }) => address.includes(':') && !isLinkLocal(address))
  const asked = packet.dst !== undefined && isLinkLocal(packet.dst)
  const description = !asked
    ? 'the sender must use a global address as its source: give it one'
    : own
      ? `the sender must use a global address: connect to ${own.address} instead of ${packet.dst}`
      : `the sender must use a global address: give ${device} one (ip -6 addr add), and connect to that`
  return { description, unverified: 'this is not a rule change' }
}
