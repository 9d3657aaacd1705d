/** Exchanges as they are told: what was asked, what came of it, and why. */

import { withVariant } from '../../explain/changes/variant.ts'
import { withoutStep } from '../../explain/refs.ts'
import {
  type Exchange,
  type ExchangeJourneys,
  type ExchangeStatus,
  hasArrived,
  isFailed,
  isOfNeedlessSource,
  saysAstray,
  saysNoReply,
  saysUnheard,
  withoutNeedless,
} from '../../model/exchange.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import { isPortUnreachable } from '../../model/icmp-error.ts'
import type { Finding } from '../../model/journey.ts'
import { isPassed, isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { entryOpened, isUnreplied } from '../../rules/conntrack/entries.ts'
import { isForMany } from '../../rules/fib.ts'
import { asItLeft } from '../as-it-left.ts'
import { behindRouter } from './behind-router.ts'
import { endsOf } from './ends.ts'
import type { Exchanges } from './exchanges.ts'
import { isAsking, type Joined, type Part } from './join/joined.ts'
import { joinNameless } from './join/nameless.ts'
import { joinRepliedBeside } from './join/replied-beside.ts'
import { joinToChosenPort } from './join/to-chosen-port.ts'
import { joinErrors } from './not-forwarded.ts'
import { byOtherUplink } from './status/other-uplink.ts'
import { withoutOwnCopies } from './status/own-copies.ts'
import { verdictOf } from './status/status.ts'
import { isOfTtl } from './status/ttl-used-up.ts'
import type { Seen } from './status/verdict.ts'
import { withNeeded } from './strays.ts'

/** Those of which a journey is shown, in the order in which they began. */
export function* tellExchanges(exchanges: Exchanges): Generator<Exchange> {
  const seen = seenBy(exchanges)
  const { list } = exchanges
  for (const number of list.order) if (list.isShown(number)) yield tellExchange(list.at(number), seen)
}

/** Joins errors to what vanished first: that it has is known only when all is complete. */
export function seenBy(exchanges: Exchanges): Seen {
  joinErrors(exchanges)
  joinNameless(exchanges)
  joinRepliedBeside(exchanges)
  joinToChosenPort(exchanges)
  const { list, lastClocks, crowds, played, strays, unexpected, returned, errors } = exchanges
  return { ...{ lastClocks, crowds, played, strays, unexpected, returned, errors }, replies: list.replies }
}

export const statusOf = (joined: Joined, seen: Seen): ExchangeStatus =>
  verdictOf(joined, () => askedOf(joined), seen).status

export function tellExchange(joined: Joined, seen: Seen): Exchange {
  const { parts } = joined
  const first = parts[0]!
  const { journey } = first.told
  const asked = askedOf(joined)
  const { status, basis, decided, finding, isLoop } = verdictOf(joined, () => asked, seen)
  const about = decided.told.journey
  const became = first.own && first.role === 'request' ? becameOf(first) : undefined
  const rules = finding?.rules ?? []
  // a reply that was only played has stopped nowhere that a journey shows
  const played = status === 'reply-lost' && finding ? decided.told.reply?.journey : undefined
  const culprit = !played && about.culprit ? withoutStep(about.culprit) : rules[0]
  // what is told of a class is told of this exchange's own packet, where that is the one that was explained
  const explained = new Set(parts.flatMap(({ own, told }) => (own ? [told] : [])))
  // an error that decides nothing may be one of many
  const isAside = (one: Part) => one.role === 'errors' && one !== decided && !explained.has(one.told)
  const known = withoutOwnCopies(parts.some(isAside) ? parts.filter((one) => !isAside(one)) : parts)
  const same = known.every(({ told }) => explained.has(told))
  const exchange: Exchange = {
    id: String(first.id),
    ...(journey.host === undefined ? {} : { host: journey.host }),
    journeys: journeysOf(parts),
    ...{ status, basis, asked },
    ...(became ? { became } : {}),
    ...(culprit && isFailed(status) ? { culprit } : {}),
    cause: same && isFailed(status) ? (played ?? about).cause : [],
    findings: [
      ...(same
        ? [...findingsOf(known, decided, finding, status, seen), ...inVain(known, decided, asked, status)]
        : finding
          ? [finding]
          : []),
      ...byOtherUplink(parts, asked, status, seen.played),
      ...(isFailed(status) ? behindRouter(parts, asked) : []),
    ],
  }
  if (isLoop) exchange.findings = exchange.findings.filter((one) => one === finding || !saysOfWay(one.code))
  exchange.findings = withNeeded(seen.strays, exchange, parts.find(isAsking)?.told.reply?.finding)
  exchange.findings = exchange.findings.map((one) => withVariants(one, decided.told.world))
  if (!same) exchange.like = about.id
  return exchange
}

/** What is told of an exchange alone has not gone through `forThisHost`: `iptables` may speak to the other backend there. */
function withVariants(told: Finding, world: World): Finding {
  const fix = told.fix.map((one) => withVariant(one, world))
  return fix.some((one, i) => one !== told.fix[i]) ? { ...told, fix } : told
}

/** Of the way that a packet went, or of what becomes of a reply. */
const saysOfWay = (code: string): boolean => saysAstray(code) || saysNoReply(code) || code === 'near-miss'

function journeysOf(parts: readonly Part[]): ExchangeJourneys {
  const journeys: ExchangeJourneys = { request: [], retransmissions: [], replies: [], errors: [] }
  for (const { role, id } of parts) journeys[role].push(String(id))
  return journeys
}

const SHARED = [
  'in',
  'protocol',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'icmpId',
  'icmpSeq',
  'uid',
  'gid',
  'mark',
] as const

/** The first request; of what was captured of the other way alone, its addresses. */
export function askedOf({ tuple, parts }: Joined): Packet {
  const { role, told } = parts[0]!
  const { journey } = told
  const asked: Packet = endsOf(tuple, journey)
  const { packet } = journey
  if (role === 'request') {
    for (const key of SHARED) copyOne(packet, asked, key)
  } else copyOne(packet, asked, 'protocol')
  if (packet.sport !== undefined && packet.dport !== undefined) {
    asked.sport = tuple[8]!
    asked.dport = tuple[9]!
  }
  if (asked.icmpId !== undefined) asked.icmpId = tuple[11]!
  if (asked.icmpSeq !== undefined) asked.icmpSeq = tuple[12]!
  return asked
}

function copyOne<K extends keyof Packet>(from: Packet, to: Packet, key: K): void {
  if (from[key] !== undefined) to[key] = from[key]
}

function becameOf({ told: { journey } }: Part): Packet | undefined {
  const { packet } = journey
  const { src, dst, sport, dport } = asItLeft(journey)
  const left = { src, dst, sport, dport }
  const became: Packet = {}
  let differs = false
  for (const key of ['src', 'dst', 'sport', 'dport'] as const) {
    if (left[key] !== undefined) Object.assign(became, { [key]: left[key] })
    if (left[key] !== packet[key]) differs = true
  }
  return differs ? became : undefined
}

/** What the request was likely meant to meet: nobody here takes it, or nothing has come back. */
function inVain(parts: readonly Part[], { told }: Part, asked: Packet, status: ExchangeStatus): readonly Finding[] {
  const request = parts.find(({ role }) => role === 'request')?.told
  if (!request?.inVain) return []
  if (status === 'refused' && told.journey.findings.some(({ code }) => code === 'refused-here'))
    return request.inVain.refused ?? []
  // a firewall refuses there, and no program: it may go by whom it takes the sender for
  if (status === 'refused' && asked.protocol === 'tcp' && told.journey.packet.protocol?.startsWith('icmp'))
    return request.inVain.refused?.filter(({ code }) => code === 'snat-changed-source') ?? []
  // whom nat has sent it to refuses what was not for it; or what lacks the source that it goes by
  if (status === 'refused' && (told.says === 'resets' || isPortUnreachable(told.journey.packet)))
    return (request.inVain.refused ?? []).flatMap((one) => {
      const { code, severity } = one
      // likelier a closed port than a firewall that resets: nothing is proposed; this host had chosen the right source itself
      if (code === 'snat-changed-source')
        return request.journey.packet.in === undefined ? [{ ...one, severity: 'note', fix: [] }] : []
      const isWhy =
        code === 'dnat-skipped' ||
        (code === 'dnat-of-others' && severity !== 'note') ||
        (code === 'never-reached' && one[FOR_REPORTS]?.wouldGiveSource === true)
      return isWhy ? [one] : []
    })
  const { unanswered = [] } = request.inVain
  const entry = entryOpened(asked, request.world)
  // nothing shows that no reply came: the queue may have been full only later
  if (status === 'undetermined' && !entry)
    return unanswered.filter(({ code }) => code === 'accept-queue-full').map((one) => ({ ...one, severity: 'warning' }))
  const isSilent = status === 'unanswered' || (status === 'undetermined' && entry && isUnreplied(entry))
  // nobody on the way has said that it was used up
  return isSilent ? unanswered.filter((one) => !isOfTtl(one)) : []
}

/** Of the journey that decided, then of the others; each once. */
function findingsOf(
  parts: readonly Part[],
  decided: Part,
  own: Finding | undefined,
  status: Exchange['status'],
  seen: Seen,
): Finding[] {
  const found = new Map<string, Finding>()
  const replied = parts.some(({ role }) => role === 'replies')
  const add = (finding: Finding) => {
    if (replied && (saysNoReply(finding.code) || isOfNeedlessSource(finding, status))) return
    if (saysUnheard(finding.code, status)) return
    if (status === 'refused' && finding.code === 'not-netfilter') return
    const key = `${finding.code} ${finding.message}`
    if (!found.has(key)) found.set(key, finding)
  }
  const isStoppedHere = isStopped(decided.told.journey.outcome)
  // of what is for many, one copy got here, and a rule kept another one from going on
  const hasStoppedCopy =
    isForMany(decided.told.journey.packet, decided.told.world.host) &&
    parts.some(({ told, role }) => told !== decided.told && role === 'request' && isStopped(told.journey.outcome))
  const several = decided.role === 'request' && status !== 'answered' ? decided.told.several : undefined
  // where a reply may still come, nothing is certain
  if (several) add(isFailed(status) ? several : { ...several, severity: 'warning' })
  // what would stop its reply is among them
  if (own && !(several && own === decided.told.reply?.finding)) add(own)
  const arrived = !seen.played && hasArrived({ status, journeys: journeysOf(parts) })
  const isRefuted = ({ role }: Part, { code, severity }: Finding) =>
    arrived && saysAstray(code) && (role === 'request' || (role === 'replies' && severity === 'note'))
  const eased = (one: Finding) => (status === 'answered' && replied ? withoutNeedless(one) : one)
  // a reply that went another way may get there all the same; this one did not
  const raised = (one: Finding): Finding =>
    one.severity === 'note' && status === 'reply-lost' && decided.role === 'replies' && saysAstray(one.code)
      ? { ...one, severity: 'warning' }
      : one
  for (const said of decided.told.journey.findings) {
    // the same, and more
    if (own?.code === said.code && own.message.startsWith(said.message)) continue
    const one = own?.code === 'proxy-missing' && AS_FORWARDED.has(said.code) ? asNote(said) : raised(eased(said))
    const hasReply = replied && !seen.played && isAsking(decided)
    const isFate =
      status === 'answered' ||
      hasReply ||
      hasStoppedCopy ||
      (own && (own.severity !== 'note' || decided.role === 'errors'))
    if (!(one.code === 'not-netfilter' && isFate) && !isRefuted(decided, one)) add(one)
  }
  for (const [i, part] of parts.entries()) {
    const { told, role } = part
    if (told === decided.told) continue
    // who refuses was perhaps not meant to be asked: the request knows more
    const asks = role === 'request' && isFailed(status)
    if (asks && told.several) add(told.several)
    // what got through does not say why another packet of the request was stopped, and nobody replies to that one
    const isOther = isStoppedHere && isAsking(decided) && isPassed(told.journey.outcome)
    const isWorth = ({ severity, code }: Finding) =>
      isOther
        ? severity !== 'note' &&
          !saysNoReply(code) &&
          !(code === 'bridge-nf-call' && told.journey.outcome === 'forwarded')
        : severity !== 'note' ||
          // why no reply comes is told by what stopped a part of the request
          (asks ? code !== 'not-netfilter' && !(isStoppedHere && saysNoReply(code)) : i === 0 && code === 'let-through')
    // steps are those of the journey that decided
    for (const one of told.journey.findings)
      if (isWorth(one) && !isRefuted(part, one)) add({ ...eased(one), steps: [] })
  }
  return withoutVaguer([...found.values()])
}

/** What the kernel says of a packet that it takes for another host's, where it is for a program of this one. */
const AS_FORWARDED: ReadonlySet<string> = new Set(['vanished-forwarding-off', 'vanished-no-route'])

const asNote = (one: Finding): Finding => ({ ...one, severity: 'note', fix: [] })

/** A packet sent again does not meet nat: what is said of it names no rule where the first one's does. */
const withoutVaguer = (found: readonly Finding[]): Finding[] => {
  const named = new Set(found.flatMap(({ code, severity, rules }) => (rules.length > 0 ? [`${severity} ${code}`] : [])))
  // why nobody took the request says why this host refused it
  const isClosed = found.some(({ code, severity }) => code === 'closed-port' && severity !== 'note')
  return found.filter(
    ({ code, severity, rules }) =>
      (rules.length > 0 || !named.has(`${severity} ${code}`)) && !(isClosed && code === 'refused-here'),
  )
}
