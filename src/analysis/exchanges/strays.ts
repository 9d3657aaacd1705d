/** Stopped packets that are part of no exchange, and that another one needed: ICMP errors, neighbour discovery. */
import { finding, UNSHOWN_ADDRESS } from '../../explain/context.ts'
import { isSolicitation } from '../../explain/neighbours/discovery.ts'
import { nameRef, withoutStep } from '../../explain/refs.ts'
import type { Exchange } from '../../model/exchange.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import type { Packet } from '../../model/packet.ts'
import { leftBy } from '../../model/way-out.ts'
import { isResolved } from '../../rules/neighbours.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { asItLeft } from '../as-it-left.ts'
import { stoppedBothWays } from './both-ways.ts'
import type { Part, Told } from './join/joined.ts'

/** Kept of all. */
export const MOST_STRAYS = 100

/** The findings of an exchange, with what it needed where it got no reply. `reply`: what would stop that, as the model plays it. */
export function withNeeded(strays: readonly Told[], exchange: Exchange, reply?: Finding): Finding[] {
  const { findings, status } = exchange
  if (strays.length === 0 || status === 'answered' || status === 'refused') return findings
  const unfound = neighbourFor(strays, exchange)
  // that it cannot be reached is what an error says then
  const found = unfound ?? errorFor(strays, exchange)
  const isTold = findings.some(({ message }) => message === found?.message)
  const more = unfound && reply && reply.rules.length > 0 ? stoppedBothWays(unfound, reply) : found ? [found] : []
  const all = isTold ? findings : [...findings, ...more]
  // what mends the packet that was stopped is about its answer as well
  return found ? all.map((one) => (isOfSameRule(one, found) ? { ...one, fix: [] } : one)) : all
}

const isOfSameRule = ({ code, rules: [rule] }: Finding, { rules, fix }: Finding): boolean =>
  code === 'neighbour-failed' &&
  rule !== undefined &&
  fix.length > 0 &&
  rules.some((one) => nameRef(one) === nameRef(rule))

/**
 * Errors that were stopped end before the request does that they quote. nft's trace has 20 bytes of what is behind the IP
 * header, and does not show the quoted packet: that the error went to who had asked is all that tells what it may be about.
 */
function errorFor(
  strays: readonly Told[],
  { id: first, asked, became, status, findings }: Exchange,
): Finding | undefined {
  // who is told sends smaller packets
  const isCut = status === 'lost' && findings.some(({ code }) => code === 'vanished-mtu')
  if (status !== 'unanswered' && status !== 'undetermined' && !isCut) return undefined
  const askers = new Set([asked.src, became?.src])
  const about = strays.find(({ journey: { id, packet, steps } }) =>
    isCut && !isTooBig(packet)
      ? false
      : packet.inner
        ? quotes(packet.inner, asked) || (became !== undefined && quotes(packet.inner, { ...asked, ...became }))
        : Number(id) > Number(first) &&
          !isDiscovery(packet) &&
          (askers.has(packet.dst) || askers.has(steps.at(-1)?.dst)),
  )
  if (!about) return undefined
  const { packet, id } = about.journey
  const what = isTooBig(packet) ? '"too big for the next link"' : `${packet.icmpType}/${packet.icmpCode}`
  const message = `An ICMP error from ${packet.src ?? UNSHOWN_ADDRESS} (#${id}, ${what}) was ${stopped(about.journey)}. It ${packet.inner ? 'is' : 'may be'} about this request.`
  return finding('icmp-error-dropped', 'warning', message, ruleAndFix(about))
}

const quotes = (inner: Packet, asked: Packet): boolean =>
  (['protocol', 'src', 'dst', 'sport', 'dport'] as const).every((field) => inner[field] === asked[field])

/** Without it no address of the link is known, and nothing is sent there (RFC 4861). */
function neighbourFor(strays: readonly Told[], { findings }: Exchange): Finding | undefined {
  // an error names the rule by itself
  if (findings.every(({ code, severity }) => code !== 'neighbour-failed' || severity === 'error')) return undefined
  const about = strays.find(({ journey }) => isDiscovery(journey.packet))
  return about && discoveryFails(about, false)
}

/** `isSure`: for the next hop itself. */
function discoveryFails(about: Told, isSure: boolean): Finding {
  const { packet, id } = about.journey
  const what = packet.icmpType === 135 ? 'solicitation' : 'advertisement'
  const message = `Neighbour discovery fails on this host: a neighbour ${what} from ${packet.src ?? UNSHOWN_ADDRESS} (#${id}) was ${stopped(about.journey)}.`
  return finding('neighbour-discovery-dropped', isSure ? 'error' : 'warning', message, ruleAndFix(about))
}

/** This host has asked for the link address of the next hop of what was to leave, and a rule stopped that. */
export function unaskedHop(strays: readonly Told[], { id, told }: Pick<Part, 'id' | 'told'>): Finding | undefined {
  const { journey, world } = told
  const out = leftBy(journey.steps)
  if (journey.family !== 'ip6' || out === undefined) return undefined
  const left = asItLeft(journey)
  if (left.dst === undefined) return undefined
  const hop = nextHopOf(left, out, world.host) ?? left.dst
  // the group is of all addresses that end alike
  if (isResolved(world.host, out, hop)) return undefined
  const about = askedInVain(strays, { id, told }, hop).find(({ journey: { packet } }) => packet.out === out)
  return about && discoveryFails(about, true)
}

/**
 * This host has asked afterwards for the link address that goes with the address, and a rule stopped that. A solicitation to
 * the address itself checks what is known: nothing waits for it.
 */
export const askedInVain = (
  strays: readonly Told[],
  { id, told: { host } }: Pick<Part, 'id' | 'told'>,
  address: string,
): Told[] =>
  strays.filter(
    ({ host: other, journey: { id: later, packet } }) =>
      other === host &&
      Number(later) > id &&
      isSolicitation(packet) &&
      packet.in === undefined &&
      packet.dst === solicitedGroup(address),
  )

/** What a helper of conntrack's would have known as a part of another connection. */
export const isUnexpected = ({ journey: { findings } }: Told): boolean => findings.some(isWithoutHelper)

export const isWithoutHelper = ({ code }: Finding): boolean => code === 'helper-missing'

/** RFC 1191 and 4443: a router asks for smaller packets. */
const isTooBig = ({ protocol, icmpType, icmpCode }: Journey['packet']): boolean =>
  protocol === 'icmp' ? icmpType === 3 && icmpCode === 4 : icmpType === 2

/** Of another journey than the one that it is told with: no step of that. */
const ruleOf = ({ culprit, cause }: Journey) => (culprit ? withoutStep(culprit) : cause[0]?.rule)

export const stopperOf = (journey: Journey) => journey.cause[0]?.rule ?? ruleOf(journey)

/** By the rule that did it, which is not always the one to look at: that may only have sent it there. */
export function stopped(journey: Journey): string {
  const rule = stopperOf(journey)
  return rule ? `${journey.outcome} by ${nameRef(rule)}` : journey.outcome
}

/** What stops its answer as well goes first. */
function ruleAndFix({ journey, several }: Told): Pick<Finding, 'rules' | 'fix'> {
  const [stopper, rule] = [stopperOf(journey), ruleOf(journey)]
  const sender = rule && stopper && nameRef(rule) === nameRef(stopper) ? undefined : rule
  const found = [...(several ? [several] : []), ...journey.findings]
  return { rules: [stopper, sender].filter((one) => one !== undefined), fix: found.flatMap(({ fix }) => fix) }
}
