import { inPrefix, parseAddress } from '../../model/address.ts'
import type { Host } from '../../model/host.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { isLocal } from '../../rules/fib.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { changesOf, propose, spotOf } from '../changes.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { givenSource, sourceRule } from '../counterfactual/rewritten.ts'
import { stoppedQuestion } from '../neighbour-frames.ts'
import { nameRef } from '../refs.ts'
import { asItCame, entryOpened, isOpening } from '../request-reply.ts'
import { homeOf } from '../routes.ts'
import { spotWords } from './verdicts.ts'

const ACCEPT = { kind: 'accept' } as const

/** It left, and rules keep the next hop from finding the address of this host that the reply is sent to. */
export const neighbourAsks: Detector = {
  code: 'neighbour-discovery-dropped',
  detect(context) {
    const { journey, ended, world, evidence } = context
    if (journey.outcome !== 'forwarded' && journey.outcome !== 'sent') return []
    const { out, ...packet } = lastPacket(context)
    const question = questionOf(packet)
    if (out === undefined || out === 'lo' || !question || !isOpening(journey, evidence.nat, world)) return []
    const entry = entryOpened(asItCame(evidence, world), world)
    if (entry && !entry.status.includes('unreplied')) return []
    const route = lookupRoute(question, world.host)
    if (route?.type !== 'unicast' || route.nexthops || route.device !== out) return []
    const hop = route.gateway ?? question.dst
    // it is still to find the next hop: findings/neighbour-failed.ts
    if (isSilent(hop, out, world.host)) return []
    const asked = askedFor(context, out, hop)
    // who has sent something there knows it
    if (asked === undefined || isFound(asked, world.host)) return []
    const stopped = stoppedQuestion(context, out, hop, asked)
    if (!stopped) return []
    const { ref, what } = stopped
    const [family, [request, reply]] =
      journey.family === 'ip6'
        ? (['ip6', ['neighbour solicitations for', 'neighbour advertisements of']] as const)
        : (['ip', ['ARP requests for', 'ARP replies of']] as const)
    const frames = what === 'request' ? request : reply
    return [
      finding(
        'neighbour-discovery-dropped',
        'error',
        `${nameRef(ref)} drops ${frames} ${asked}. Unless ${hop} already knows the MAC address of ${asked}, no reply can come back.`,
        {
          steps: [ended.step + 1],
          rules: [ref],
          fix: propose(
            `accept ${family === 'ip6' ? 'neighbour discovery' : 'ARP'} ${spotWords(ref)}`,
            changesOf(ref).add(ref, spotOf(ref) ?? { chain: ref.chain }, { kind: 'neighbours', family }, ACCEPT),
          ),
        },
      ),
    ]
  },
}

/** The packet's source, where that is this host's own and the next hop is beside it; else this host's address there. */
function askedFor(context: Context, out: string, hop: string): string | undefined {
  const { host } = context.world
  const { src } = lastPacket(context)
  const rule = sourceRule(context)
  const source = rule ? givenSource(rule.statement, src) : src
  const network = homeOf(hop, host, out)
  if (network?.link.name !== out) return undefined
  if (source !== undefined && isLocal(source, host) === true && homeOf(source, host, out)?.network === network.network)
    return source
  const there = parseAddress(hop)
  const own = (network.link.addresses ?? []).filter(({ address, prefixLength }) => {
    const here = parseAddress(address)
    return (
      here &&
      there &&
      prefixLength < here.length * 8 &&
      here.length === there.length &&
      inPrefix(there, here, prefixLength)
    )
  })
  // of several, any may be the next hop's gateway
  return own.length === 1 ? own[0]!.address : undefined
}

const isSilent = (hop: string, out: string, { neighbours = [] }: Host): boolean =>
  neighbours.some(
    (one) =>
      one.device === out && canonicalPrefix(one.address) === canonicalPrefix(hop) && silentState(one) !== undefined,
  )

/** Replies have come to it. */
const isFound = (address: string, { conntrack = [] }: Host): boolean =>
  conntrack.some(({ reply, status }) => reply.dst === address && !status.includes('unreplied'))
