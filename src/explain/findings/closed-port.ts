import { baseChainsAt } from '../../journey/base-chains.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Drop } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { entryAnswered, entryOpened } from '../../rules/conntrack/entries.ts'
import { addressType } from '../../rules/fib.ts'
import { isForNobody, listensBeside } from '../../rules/sockets.ts'
import { propose } from '../changes/change.ts'
import { addInNat } from '../changes/in-nat.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { neededOfOthers } from '../counterfactual/for-others.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { hasNewDestination } from '../counterfactual/undeliverable.ts'
import { keptByRoute } from '../host/own-by-route.ts'
import { isOpening } from '../kernel-drops/meaning.ts'
import { nameRef } from '../refs.ts'
import { isFrameForMany } from './frame-for-many.ts'
import { servedByNat, takenFromOthers } from './later.ts'
import { listensElsewhere, makeListen } from './listens-elsewhere.ts'

/** Netfilter delivered it, and nobody listens there. */
export const closedPort: Detector = {
  code: 'closed-port',
  detect(context) {
    const { journey, ended, drop } = context
    // TCP ignores what came in a frame for several hosts
    if (journey.outcome !== 'delivered' || isFrameForMany(context)) return []
    const told = drop && findsNoSocket(drop)
    const packet = told ? drop.packet : lastPacket(context)
    if (!told && !isClosed(context, packet)) return []
    const answer = packet.protocol === 'tcp' ? 'a reset' : 'port unreachable'
    const end = `${packet.protocol} ${describeEnd(packet.dst, packet.dport)}`
    const elsewhere = listensElsewhere(context.world.host, packet)
    const isOwn = journey.packet.in === undefined && isAsItWasSent(context)
    const beside = isOwn ? listensBeside(context.world.host, packet) : undefined
    const sends = beside && `${beside.process ?? 'a program'} listens on ${describeEnd(beside.address, beside.port)}`
    const others = elsewhere ?? (sends && `${sends}, and no DNAT rule sends it there`)
    const only = others === undefined ? '' : ` (${others})`
    const kept = others === undefined ? keptByRoute(packet, context.world.host) : undefined
    // what others ask elsewhere is mostly intercepted on purpose
    const taken = journey.packet.in === undefined ? takenFromOthers(context) : undefined
    const because = kept
      ? ` ${kept.told}`
      : taken
        ? ` The packet was for ${taken.asked}, ${taken.other}: ${nameRef(taken.rule.ref)} sends it here.`
        : ''
    const nobody = `nothing on this host listens on ${end}${only}`
    const message = `Netfilter accepted it, but ${nobody}: this host replies with ${answer}.${because}`
    return [
      finding('closed-port', 'error', told ? `${message} The kernel says so: ${drop.reason}.` : message, {
        steps: [ended.step + 1],
        ...(taken ? { rules: [taken.rule.ref] } : {}),
        fix: [
          ...(kept?.fix ?? []),
          ...(beside ? sendBeside(context, packet, beside.port) : []),
          // the program that is meant listens where nat should have sent it
          ...(kept || neededOfOthers(context)
            ? []
            : [{ description: byHand(context, packet), unverified: 'this is not a netfilter change' }]),
          ...(taken?.fix ?? []),
        ],
        ...(elsewhere === undefined ? {} : { [FOR_REPORTS]: { listensElsewhere: nobody } }),
      }),
    ]
  },
}

/** Of a port that nat sends elsewhere, as a NodePort, no program is to listen on. */
function byHand(context: Context, packet: Packet): string {
  const rule = hasNewDestination(context) ? undefined : servedByNat(context, packet)
  if (!rule) return makeListen(context.world.host, packet)
  return `find out why nat did not rewrite it: ${nameRef(rule)} is for port ${packet.dport}`
}

/** No rule of nat rewrote its destination, nor could one. */
function isAsItWasSent(context: Context): boolean {
  const { evidence, journey, world } = context
  const { family } = journey
  if (hasNewDestination(context) || (family !== 'ip' && family !== 'ip6')) return false
  if (evidence.nat === 'passed') return true
  const chains = baseChainsAt(world, family, 'output', true)
  return world.tables.length > 0 && !chains.some(({ table, chain }) => isNatChain(table, chain))
}

/** By a rule of nat in OUTPUT: such addresses are for what this host sends itself. */
function sendBeside({ world, journey: { family } }: Context, packet: Packet, port: number): Proposal[] {
  const doing = { kind: 'dnat', to: { address: packet.dst!, port } } as const
  return propose(
    `send the packet to port ${port}, where the program listens`,
    addInNat({ world, family, hook: 'output' }, { kind: 'destination', packet }, doing),
    'the program that listens there may add such a rule itself',
  )
}

/** The kernel has looked for a program, and says that there is none. */
export const findsNoSocket = ({ reason, packet }: Drop): boolean => reason === 'NO_SOCKET' && isOpening(packet)

/** By the sockets in host state. */
function isClosed({ world, evidence, journey }: Context, packet: Packet): boolean {
  if (packet.protocol !== 'tcp' && packet.protocol !== 'udp') return false
  if (!isForNobody(world.host, packet)) return false
  // a reply goes to a connected socket, which no listing of listening ones shows
  const first =
    packet.protocol === 'tcp'
      ? isOpening(packet)
      : // what was asked from this port, in whatever zone, was asked by a program
        entryAnswered(journey.packet, world) === undefined &&
        (evidence.nat === 'passed' || evidence.begins === true || entryOpened(journey.packet, world) !== undefined)
  return first && addressType(packet.dst, world.host) === 'local'
}
