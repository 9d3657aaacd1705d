/** A reply that leaves by another interface than the one whose address was asked. */

import { selectorWords } from '../../../edits/ip/print-rule.ts'
import { finding } from '../../../explain/context.ts'
import { ledByMark, markWrittenOver, uplinkWithoutMark } from '../../../explain/findings/later.ts'
import { isDefault, isOwnTable } from '../../../explain/host/routes.ts'
import { nameRef } from '../../../explain/refs.ts'
import { backOut, isOtherUplink, ruleOfOthers } from '../../../explain/reply/back-out.ts'
import { type ExchangeStatus, isFailed } from '../../../model/exchange.ts'
import type { RoutingRule } from '../../../model/host.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { deviceWords, type Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import type { World } from '../../../model/world.ts'
import { routedDevice } from '../../../rules/bridge-calls.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import { knowsAddresses } from '../../../rules/fib.ts'
import { neighboursAt } from '../../../rules/neighbours.ts'
import { lookupRoute, routeDevices, rulesFor, tableLedTo, wayBackOf } from '../../../rules/route.ts'
import type { Part } from '../join/joined.ts'
import { cameElsewhere } from './came-elsewhere.ts'
import { inOtherNetwork } from './later.ts'
import { goesOnBehind, isAgain } from './unheard.ts'

interface OtherUplink {
  came: string
  left: string
  /** The capture shows the reply there; else the model has played it. */
  isSeen: boolean
  /** The address that was asked is one of `came`; undefined: host state does not tell. */
  isOfUplink: boolean | undefined
  /** It came in there, too. */
  isSentBack: boolean
  /** The reply of the capture. */
  reply?: Journey
  /** It was to go back by the mark that a rule gave its connection. */
  overwritten?: ReturnType<typeof markWrittenOver>
}

/**
 * As captured, or as the model plays the reply; undefined where the one who asked has gone on with what came back.
 * `isPlayed`: the request as well, so that nobody will show whether the reply arrives.
 */
export function otherUplink(parts: readonly Part[], asked: Packet, isPlayed = false): OtherUplink | undefined {
  const { dst } = asked
  const request = parts.find(({ role }) => role === 'request')
  if (!request || dst === undefined) return undefined
  const { journey, reply: played, world } = request.told
  const reply = parts.find((one) => isBack(one) && isPassed(one.told.journey.outcome))
  if (reply && parts.some((one) => goesOnBehind(one, reply, parts))) return undefined
  // it has another source, and is routed by that
  if (reply?.isNewFlow && reply.told.journey.packet.src !== dst) return undefined
  const { host } = world
  const came = routedDevice(host, journey.packet.in)
  // where its lines end before it was routed, the model's reply has the same way
  const shown = reply && leftBy(reply.told.journey.steps)
  const left = routedDevice(host, shown ?? played?.out)
  if (came === undefined || left === undefined) return undefined
  const isOfUplink = isOtherUplink(host, dst, came, left)
    ? true
    : isUntold(request, reply, asked, came)
      ? undefined
      : false
  const isElsewhere = left !== came && left !== 'lo'
  const isSeen = shown !== undefined
  if (isPlayed && !isSeen) return isElsewhere ? { came, left, isSeen, isOfUplink, isSentBack: false } : undefined
  const isShownElsewhere = isElsewhere && reply !== undefined && isSeen
  const isSentBack = isShownElsewhere && goesBackOut(request, reply, left, asked)
  const back = isShownElsewhere ? reply.told.journey : isElsewhere ? played?.journey : undefined
  const overwritten = back && markWrittenOver(journey, back, world, { came, left })
  const isUnheard = () =>
    isSentBack ||
    isHalfOpen(request, reply!, asked) ||
    isResetInVain(reply!, parts) ||
    isAwayFromAsker(request, reply!, asked, came)
  if (!isOfUplink && !overwritten && !(isShownElsewhere && (isOfUplink === undefined || isUnheard()))) return undefined
  const captured = reply ? { reply: reply.told.journey } : {}
  return { came, left, isSeen, isOfUplink, isSentBack, ...captured, ...(overwritten ? { overwritten } : {}) }
}

/** It left by another interface than the request came in, and the request came again. */
export function isAskedAgain(reset: Part, parts: readonly Part[], ask: () => Packet): boolean {
  return isResetInVain(reset, parts) && otherUplink(parts, ask())?.isOfUplink !== undefined
}

/**
 * The request came again behind its reset. Windows asks again half a second after a reset that it got; who got none waits
 * for a second at least (RFC 6298, 2.1).
 */
function isResetInVain(reset: Part, parts: readonly Part[]): boolean {
  const again = parts.find((one) => isAgain(one, reset))
  return reset.told.says === 'resets' && again !== undefined && again.clock - reset.clock > WINDOWS
}

/** Microseconds. */
const WINDOWS = 750_000

/** A reply, or what this host itself says of the request. */
const isBack = ({ role, aboutReply, told }: Part): boolean =>
  role === 'replies' || (role === 'errors' && !aboutReply && told.journey.packet.in === undefined)

/** The request was for this host, as its end, its reply or nat shows; and the addresses of the interface are not known. */
function isUntold({ told: { journey, world } }: Part, reply: Part | undefined, { dst }: Packet, came: string): boolean {
  const isForHost =
    journey.outcome === 'delivered' ||
    reply?.told.journey.outcome === 'sent' ||
    journey.steps.some((step) => step.dst !== undefined && step.dst !== dst)
  return isForHost && !knowsAddresses(world.host, came, dst ?? '')
}

/** A handshake that was forwarded, and that nobody is known to have gone on with. */
function isHalfOpen(request: Part, reply: Part, asked: Packet): boolean {
  const { journey, says, world } = request.told
  if (journey.outcome !== 'forwarded' || journey.packet.protocol !== 'tcp') return false
  if (says !== 'opens' || reply.told.says !== 'answers') return false
  const entry = world.host.conntrack && entryOpened(asked, world)
  return !entry?.state || isUnreplied(entry) || entry.state.startsWith('SYN_')
}

/** Of what nobody goes on with: only the default route leads to the sender, elsewhere, and the sender is, or may be, a neighbour; or routes are unknown. */
function isAwayFromAsker({ told: { journey, world } }: Part, { told }: Part, asked: Packet, came: string): boolean {
  const { packet, outcome } = journey
  if (outcome !== 'forwarded' || (packet.protocol === 'tcp' && told.says !== 'resets')) return false
  if (world.host.conntrack && entryOpened(asked, world)?.status.includes('assured')) return false
  const { host } = world
  if (!host.routes) return true
  return isLedAway(packet, world, came) && (!host.neighbours || isNeighbour(packet, world, came))
}

/** It came in where it leaves, as if who asked were behind the one who was asked; of a handshake more is known. */
function goesBackOut({ told: { world } }: Part, { told }: Part, left: string, asked: Packet): boolean {
  const { packet } = told.journey
  if (packet.in === undefined || routedDevice(world.host, packet.in) !== left) return false
  if (packet.protocol === 'tcp' && told.says !== 'resets') return false
  const entry = world.host.conntrack && entryOpened(asked, world)
  return !entry?.status.includes('assured')
}

const filterWords = (dst: string | undefined, came: string, isOfUplink: boolean | undefined): string =>
  isOfUplink
    ? `A reverse path filter on the path may drop the reply: ${dst} is an address of ${came}.`
    : `A reverse path filter on the path may drop the reply if ${dst} is an address of ${came}, whose addresses are unknown.`

export function byOtherUplink(
  parts: readonly Part[],
  asked: Packet,
  status: ExchangeStatus,
  isPlayed: boolean,
): Finding[] {
  const overlap = status === 'unanswered' || status === 'undetermined' ? inOtherNetwork(parts, asked) : undefined
  if (overlap) return [overlap]
  const found = otherUplink(parts, asked, isPlayed)
  if (!found) return isPlayed ? [] : cameElsewhere(parts, status)
  const { came, left, isSeen, isOfUplink, isSentBack, reply: captured, overwritten } = found
  const [from, to] = [deviceWords(came), deviceWords(left)]
  // somebody may have made the address unreadable
  const { dst, src = 'whoever asked' } = asked
  const how = isSeen ? 'its reply leaves' : 'its simulated reply leaves'
  const { journey, reply, world } = parts.find(({ role }) => role === 'request')!.told
  // played for the first of its class, whose sender a fix may name
  const played = reply?.journey.packet.dst === journey.packet.src ? reply?.back : undefined
  const [rule] = played?.rules ?? []
  const behind = rule ? ` If the reply left by ${from} instead, ${nameRef(rule)} would stop it.` : ''
  const isForwarded = journey.outcome === 'forwarded'
  const other = isSeen && isOfUplink && dst !== undefined ? ruleOfOthers(journey, world, dst, came) : undefined
  const source = captured?.packet.src
  const notFor = other
    ? ` Routing rule ${other.priority} (${ruleWords(other)}) ${isForwarded && source !== dst ? `did not apply: the reply was routed with source ${source}.` : `leads out of ${from}, but did not apply to the reply.`}`
    : ''
  const isLeftOpen = isPlayed && status === 'undetermined'
  const isBeside = isSeen && isOfUplink === false && isUnroutedNeighbour(journey.packet, world, came)
  const why = isBeside
    ? `${src} is a neighbour on ${from}, but only the default route of this host leads to it.`
    : `Perhaps ${src} cannot be reached that way, or a reverse path filter there drops the reply.`
  const led = overwritten ?? (captured && ledByMark(journey, captured, world, { came, left }))
  // what adds it to the map is tried with what leads replies back
  const unmarked = led ? undefined : captured && uplinkWithoutMark(journey, world, came)
  const by = led ?? unmarked
  const chosen =
    isSeen && isOfUplink && !by && dst !== undefined ? tableWords(journey.packet, captured, world, dst, left) : ''
  return [
    finding(
      'reply-by-other-uplink',
      // many a machine works so: it counts where somebody was seen not to go on with the reply
      isSeen || isFailed(status) || isLeftOpen ? 'warning' : 'note',
      isOfUplink !== false
        ? `The request to ${dst} came in on ${from}, but ${how} by ${to}.${notFor}${by?.words ?? chosen}${behind} ${filterWords(dst, from, isOfUplink)}`
        : `The request of ${src} came in on ${from}, but ${how} by ${to}${isSentBack ? ', where it came in' : isSeen ? `, and ${src} was not seen to go on with it` : ''}.${by?.words ?? ''}${behind} ${why}`,
      {
        rules: [...(by?.rules ?? []), ...(played?.rules ?? [])],
        fix: [
          ...(led?.fix ?? []),
          ...(played?.fix ??
            (dst === undefined || !(isOfUplink || isBeside)
              ? []
              : backOut(journey, world, dst, came, captured && markOf(captured)))),
          {
            description: isOfUplink
              ? `route replies back out of ${from}: ${isForwarded ? `save a mark for ${from} in the connection (CONNMARK, ct mark) and add a routing rule for that mark` : `"ip rule add from ${dst} lookup TABLE"`}`
              : `if ${src} expects replies by ${from}, route them back out of ${from}: with a route, or with a mark that is saved in the connection (CONNMARK, ct mark) and a routing rule for that mark`,
            unverified: 'the gateway of this uplink is unknown here',
          },
        ],
      },
    ),
  ]
}

/** The routing rule that selects the table by whose route the reply leaves, as a VPN's does for all that is not its own. */
function tableWords(packet: Packet, reply: Journey | undefined, { host }: World, dst: string, left: string): string {
  const question = wayBackOf(packet, dst, reply ? markOf(reply) : 0)
  const route = lookupRoute(question, host)
  if (route?.type !== 'unicast' || isOwnTable(route.table) || !routeDevices(route).includes(left)) return ''
  const rule = rulesFor(question, host).find((one) => tableLedTo(one) === route.table)
  return rule ? ` Routing rule ${rule.priority} (${ruleWords(rule)}) sends it there.` : ''
}

/** The link knows who asked, and no route leads there: the plugin that should have added one did not. */
const isUnroutedNeighbour = (request: Packet, world: World, came: string): boolean =>
  isNeighbour(request, world, came) && isLedAway(request, world, came)

const isNeighbour = ({ src = '' }: Packet, { host }: World, came: string): boolean =>
  neighboursAt(host, came, src).some(({ mac }) => mac !== undefined)

function isLedAway({ src = '' }: Packet, { host }: World, came: string): boolean {
  const route = lookupRoute({ dst: src }, host)
  return route?.type === 'unicast' && isDefault(route) && !routeDevices(route).includes(came)
}

/** With which it was routed. */
function markOf({ steps }: Journey): number {
  const written = steps.flatMap(({ changes }) => changes).findLast(({ field }) => field === 'mark')?.to
  return typeof written === 'number' ? written : (steps.findLast(({ mark }) => mark !== undefined)?.mark ?? 0)
}

/** As `ip rule` words it, without its priority. */
const ruleWords = ({ priority: _, ...rule }: RoutingRule): string => selectorWords(rule).join(' ')
