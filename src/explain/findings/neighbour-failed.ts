import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { acceptBefore, acceptNeighbours, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import {
  type AtPort,
  askedFrames,
  DISCOVERY_UNPLAYED,
  framesOf,
  type Stopped,
  stoppedAtPort,
} from '../neighbour-frames.ts'
import { nameChain, nameRef } from '../refs.ts'
import { atRouting } from './routing.ts'
import { spotWords } from './verdicts.ts'

/** It is to leave for a next hop that has not replied ARP or neighbour discovery, as host state has it. */
export const neighbourFailed: Detector = {
  code: 'neighbour-failed',
  detect(context) {
    const { journey, ended, world } = context
    if (!hasLeft(journey.outcome)) return []
    const { out: shown, ...packet } = lastPacket(context)
    // where no chain is behind routing, the routes alone tell
    const question = shown === undefined ? atRouting(context)?.question : questionOf(packet)
    if (!question) return []
    const route = lookupRoute(question, world.host)
    const out = shown ?? route?.device
    // another way than the routes of now lead is not theirs to explain
    if (route?.type !== 'unicast' || route.nexthops || out === undefined || route.device !== out) return []
    const found = silentNeighbour(world.host, out, route.gateway ?? question.dst)
    if (!found) return []
    const family = journey.family === 'ip6' ? 'ip6' : 'ip'
    const [protocol, ask] = journey.family === 'ip6' ? ['neighbour discovery', 'ip -6 neigh'] : ['ARP', 'ip neigh']
    const sent = destinationRule(context)
    const by = sent ? `, to which ${nameRef(sent.ref)} sends the packet` : ''
    const gateway = route.gateway === undefined ? '' : `, the gateway to ${route.destination}`
    const more = by === '' && gateway === '' ? '' : `${gateway}${by},`
    const who = `${found.address} on ${out}`
    const entry = `The neighbour entry of ${who}${more} is ${silentState(found)}`
    const { stopped, byLinkAddress, open } = askedFrames(context, out, found.address)
    if (stopped) {
      const { ref } = stopped
      return [
        finding(
          'neighbour-failed',
          // where the trace shows the rule, the packet that it stopped tells more
          isTraced(ref) ? 'warning' : 'error',
          `${entry}: ${nameRef(ref)} drops ${framesOf(stopped, family)}${unseen(ref)}.`,
          {
            steps: [ended.step + 1],
            rules: [ref],
            fix: propose(
              `accept ${protocol} ${spotWords(ref)}`,
              acceptNeighbours(ref, family) ?? acceptBefore(ref, discovery(stopped, out)),
              undefined,
              DISCOVERY_UNPLAYED,
            ),
          },
        ),
      ]
    }
    const atPort = stoppedAtPort(context, out, found.address)
    if (atPort) return [behindPort(context, found.address, entry, atPort, family)]
    if (byLinkAddress) return [ofOtherLinkAddress(context, found.address, entry, byLinkAddress, family)]
    const state = open
      ? `${entry}. Whether ${nameChain(open)} drops ${framesOf({ what: 'reply' }, family)} is unknown.`
      : `${who}${more} has not replied to ${protocol}: its neighbour entry is ${silentState(found)}.`
    return [
      finding('neighbour-failed', 'warning', state, {
        steps: [ended.step + 1],
        ...(sent ? { rules: [sent.ref], culprit: sent.step } : {}),
        fix: [
          {
            description: `check that ${found.address} is up and connected to ${out}; ${ask} then lists it`,
            unverified: 'this is not a rule change',
          },
        ],
      }),
    ]
  },
}

/** A filter of the bridge keeps an address from one of its ports: who is behind that port has another one than it expects. */
function behindPort(
  { ended }: Context,
  address: string,
  entry: string,
  stopped: AtPort,
  family: 'ip' | 'ip6',
): Detected {
  const { ref, port, only, by } = stopped
  const isMac = by === 'MAC address'
  const which = isMac ? `from a MAC address that the filter of ${port} does not accept` : `with that address at ${port}`
  const told = `${nameRef(ref)} drops ${framesOf(stopped, family)} ${which}${unseen(ref)}`
  const behind = isMac
    ? `If the neighbour is behind port ${port}, compare its MAC address: `
    : `If the neighbour is behind port ${port}, this explains the missing reply: `
  const accept = isMac ? "the neighbour's MAC address" : address
  return finding(
    'neighbour-failed',
    only ? 'error' : 'warning',
    only ? `${entry}: ${told}.` : `${entry}. ${behind}${told}.`,
    {
      steps: [ended.step + 1],
      rules: [ref],
      fix: [
        {
          description: `make the filter of ${port} accept ${accept}, or change the ${by} of the host behind ${port} to the one that the filter accepts`,
          unverified: `the right ${by} is unknown here`,
        },
      ],
    },
  )
}

/** A filter accepts replies from link addresses that it lists: the neighbour's own may be another one. */
function ofOtherLinkAddress(
  { ended }: Context,
  address: string,
  entry: string,
  stopped: Stopped,
  family: 'ip' | 'ip6',
): Detected {
  const { ref } = stopped
  const drops = `${nameRef(ref)} drops ${framesOf(stopped, family)} from MAC addresses that it does not accept${unseen(ref)}`
  return finding('neighbour-failed', 'warning', `${entry}. ${drops}: compare the MAC address of ${address}.`, {
    steps: [ended.step + 1],
    rules: [ref],
    fix: [
      {
        description: `make ${nameRef(ref)} accept the MAC address of ${address}`,
        unverified: 'the right MAC address is unknown here',
      },
    ],
  })
}

/** For rules that ask for one type of ICMPv6. */
const discovery = ({ what }: Stopped, device: string): Packet => ({
  ...{ protocol: 'icmpv6', icmpType: what === 'request' ? 135 : 136, icmpCode: 0 },
  ...(what === 'request' ? { out: device } : { in: device }),
})

/** IPv6's own chains are traced as IP is. */
const isTraced = ({ family }: RuleRef): boolean => family !== 'arp' && family !== 'bridge' && family !== 'netdev'

const unseen = (ref: RuleRef): string => (isTraced(ref) ? '' : ', which a trace of IP does not show')
