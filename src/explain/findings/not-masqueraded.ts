import { baseChainsAt } from '../../journey/base-chains.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isNftAlone } from '../../model/world.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { changesOf } from '../changes/change.ts'
import { giveOwnSource, masqueradeSpared } from '../changes/own-source.ts'
import type { Chosen, Doing, Spot } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, finding, lastPacket, UNSHOWN_ADDRESS } from '../context.ts'
import { asks, type FailedCondition, fieldOf, isNegated } from '../counterfactual/failed-condition.ts'
import { givesSource, goals, sourceGoals } from '../counterfactual/goals.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { ledPerhapsBy, mayBeLedByMark, packetRouted } from '../counterfactual/marked-way.ts'
import { isMasqueradedOtherwise, leftByPrivateLink, sparesVersion } from '../counterfactual/masqueraded-otherwise.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { givenSource, type Rewritten, sourceRule } from '../counterfactual/rewritten.ts'
import { chainRuns, isNat, isNatChain, passes, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import {
  comesBackToSender,
  firstLink,
  gatewayBeside,
  hasDestinationAlone,
  hasNewDestination,
  isHairpin,
  isLoopbackAbroad,
  isPrivate,
  isPrivateAbroad,
  isPublic,
  isReachedByNat,
  lacksReply,
  linkBeforeNat,
  mayBeKnownAs,
  needsSource,
  ownSourceWords,
  rewritesSources,
  staysUnanswered,
} from '../counterfactual/undeliverable.ts'
import { isChosenByTurns, isSentByTurns } from '../counterfactual/what-if.ts'
import { betweenPorts, noCallWords } from '../host/bridges.ts'
import { hasDefaultRoute, homeOf } from '../host/routes.ts'
import { ofOtherLink } from '../neighbours/stand-in.ts'
import { nftOnly } from '../nft-only/later.ts'
import { endOf, nameRef, refAt } from '../refs.ts'
import { isReplied } from '../reply/request-reply.ts'
import { takenFromOthers } from './rewritten-in-vain.ts'
import { larger } from './routing.ts'
import { servesThisHost } from './serves-this-host.ts'
import { isSparedByDestination } from './spared-by-destination.ts'
import { chooserOf } from './table-chooser.ts'

/** It left with a source to which no answer finds back, or only past this host. */
export const notMasqueraded: Detector = {
  code: 'not-masqueraded',
  detect(context) {
    const { journey } = context
    const given = sourceRule(context)
    if (given) return withStrangeSource(context, given)
    const { src = UNSHOWN_ADDRESS, dst = UNSHOWN_ADDRESS, out } = lastPacket(context)
    const place = placeOfMasquerade(context)
    // to give it this host's source would have a host answer that was never asked
    const isTaken = takenFromOthers(context)?.isSure === true
    const masqueraded = (message: string, sure: boolean) => {
      const spot = place && spotIn(context, place.chain)
      const found = tell(context, message, sure && !isTaken, lastOfNat(context), place, spot)
      return isTaken ? found.map((one) => ({ ...one, fix: [] })) : found
    }
    const version = journey.family === 'ip' ? 'IPv6' : 'IPv4'
    if (needsSource(context) !== 'surely') {
      const elsewhere = ofOtherLink(context)
      if (mayReplyPast(context)) {
        const past = `unless the route from ${dst} to ${src} leads through this host, the reply comes from an address that ${src} never contacted`
        return masqueraded(`It left for ${dst} with its own source, and no reply was seen: ${past}.`, false)
      }
      const chosen = linkBeforeNat(context)
      if (chosen !== undefined) {
        const before = `this host chose the source before nat rewrote the destination ${journey.packet.dst} to ${dst}`
        return masqueraded(
          `It left by ${out} with the source ${src}, an address of ${chosen}: ${before}. Connection tracking has seen no reply: ${dst} may have no route to ${src}, or its reply may get lost on the way to ${chosen}.`,
          true,
        )
      }
      const swapped = elsewhere.length > 0 ? undefined : swappedRule(context)
      if (swapped) {
        const kept = `The packet left by ${out} for ${dst} with its own source ${src}, and no reply was seen`
        const turned = `${nameRef(swapped)} rewrites the source of packets that leave by ${journey.packet.in}, where this packet came in`
        const back = `No reply comes back through this host, unless hosts behind ${out} have a route to ${src} through it`
        return masqueraded(`${kept}. ${turned}. ${back}.`, false).map((one) => ({
          ...one,
          rules: [swapped, ...one.rules],
        }))
      }
      const served = elsewhere.length > 0 ? undefined : servesThisHost(context, version)
      if (served !== undefined) return masqueraded(served, true)
      const other = elsewhere.length > 0 ? undefined : mayBeKnownAs(context)
      if (other !== undefined) {
        const back = `A reply comes back only if a later router rewrites that source or has a route to it, as it does for ${other}`
        return masqueraded(`It left for ${dst} with the private source ${src}. ${back}.`, false)
      }
      if (elsewhere.length > 0 || !isLeftAlone(context)) return elsewhere
      const left = `This packet left for ${dst} with its own source ${src}, and connection tracking has seen no reply`
      return masqueraded(
        `For packets that come in by ${lastPacket(context).in}, only ${version} is masqueraded. ${left}: routers behind ${out} need a route to ${src} through this host.`,
        false,
      )
    }
    if (comesBackToSender(context))
      return masqueraded(
        `It left by ${out} for ${dst}, which sent it, and kept its source: ${ownSourceWords(dst)}.`,
        true,
      )
    if (isHairpin(context)) {
      const back = `It left by ${out}, where it came in, and kept its source ${src}: ${dst} replies directly to ${src}${pastWords(context)}`
      const past = `So the reply comes from an address that ${src} never contacted`
      // a neighbour asks for nobody's way to another one; whom it has for its router to others is not known here
      const isBeside = homeOf(src, context.world.host, out)?.link.name === out
      if (isBeside) return masqueraded(`${back}. ${past}.`, true)
      return masqueraded(
        `${back}, unless the route from ${dst} to ${src} leads through this host. ${past}.`,
        staysUnanswered(context),
      )
    }
    const first = firstLink(context)
    if (first !== undefined) {
      const marked = markedTo(context)
      const by = marked ? `${nameRef(marked.ref)} ${marked.did}` : `rules sent the packet out of ${out}`
      const chosen = `this host chose the source before ${by}`
      const back = `replies come back to ${first}, or are dropped on the way`
      return masqueraded(
        `It left by ${out} with the source ${src}, an address of ${first}: ${chosen}. So ${back}.`,
        true,
      ).map((one) => (marked ? { ...one, rules: [marked.ref, ...one.rules] } : one))
    }
    if (isLoopbackAbroad(context))
      return masqueraded(
        `It left by ${out} with the source ${src}, which every other host treats as its own address.`,
        true,
      )
    const gateway = gatewayBeside(lastPacket(context), context.world)
    const isBeside = gateway !== undefined && !isPrivateAbroad(journey.outcome, lastPacket(context))
    const sparing = isBeside ? sparingRule(context) : undefined
    if (sparing) {
      const { ref, miss } = sparing
      const kept = `It left for ${dst} and kept its source ${src}: ${nameRef(ref)} would have rewritten it, but only matches ${asks(miss)}`
      const back = `Unless ${dst} has a route back through this host, it sends the reply to its own router (here ${gateway})`
      return [
        finding('not-masqueraded', staysUnanswered(context) ? 'warning' : 'note', `${kept}. ${back}.`, {
          steps: [context.ended.step + 1],
          rules: [ref, ...lastOfNat(context)],
          fix: masqueradeSpared(context, ref),
        }),
      ]
    }
    if (isBeside)
      return masqueraded(
        `It left for ${dst} and kept its source ${src}. Unless ${dst} has a route back through this host, ${dst} sends the reply to its own router (here ${gateway}).`,
        staysUnanswered(context),
      )
    const left = `It left for ${dst} with the private source ${src}`
    const isOtherwise = isMasqueradedOtherwise(context, out)
    // it may have been meant to leave elsewhere
    const isHere = !mayBeLedByMark(context)
    const alone = isOtherwise ? `, and only ${version} is masqueraded on ${out}` : ''
    if (staysUnanswered(context))
      return masqueraded(
        `${left}${isOtherwise ? `${alone}. Connection tracking` : ', and connection tracking'} has seen no reply.`,
        isHere,
      )
    // a neighbour may have this host for its router; and where this host rewrites no source at all, another one may do it
    const isNear = dst !== undefined && homeOf(dst, context.world.host, out)?.link.name === out
    const own = !isNear && (rewritesSources(context) === true || isReachedByNat(context))
    const unless = isNear ? `, unless ${dst} has a route back through this host` : ', unless a later router rewrites it'
    return masqueraded(`${left}${alone}: no reply can come back${own ? '' : unless}.`, isHere && (own || isOtherwise))
  },
}

/** The rule that gives what leaves a source, and spares the packet's destination: a network that is written too wide, say. */
function sparingRule(context: Context): { ref: RuleRef; miss: FailedCondition } | undefined {
  for (const goal of goals(context))
    for (const one of givesSource(goal) ? nearMisses(context, goal) : []) {
      const { condition } = one.miss
      const fields = lookupOf(condition)?.fields ?? [fieldOf(condition) ?? '']
      if (isNegated(condition) && fields.some((field) => field === 'dst' || field.endsWith(' daddr')))
        return { ref: refOfSkipped(context, one), miss: one.miss }
    }
  return undefined
}

/** The rule whose mark a routing rule matches, if that is why the packet leaves there; or may be why, where no routing rules are listed. */
function markedTo(context: Context): { ref: RuleRef; did: string } | undefined {
  const { out } = lastPacket(context)
  const perhaps = ledPerhapsBy(context)
  if (perhaps)
    return {
      ref: perhaps.ref,
      did: `gave the packet mark ${hex(perhaps.mark)}, which may have sent it out of ${out} (routing rules are unknown)`,
    }
  const question = questionOf(packetRouted(context))
  const route = question && lookupRoute(question, context.world.host)
  const marked = route ? chooserOf(context, question, route)?.marked : undefined
  return marked && { ref: marked.ref, did: `sent the packet out of ${out} by mark ${hex(question!.mark ?? 0)}` }
}

/** By which way: a bridge of this host would show the reply to conntrack, were that its setting. */
function pastWords(context: Context): string {
  const over = betweenPorts(context)
  if (over?.calls !== false) return ''
  const { world, journey } = context
  return `, over bridge ${over.bridge.name} and past this host's conntrack (${noCallWords(world.host, journey.family)})`
}

/**
 * The rule would give the packet a source, but asks for the interface by which the packet came in as the one by which it
 * leaves. Behind an uplink, or where it has matched, the rule is right, and for packets that go the other way.
 */
function swappedRule(context: Context): RuleRef | undefined {
  const { journey, world } = context
  const { src, out } = lastPacket(context)
  const from = journey.packet.in
  if (journey.outcome !== 'forwarded' || from === undefined || from === out || !staysUnanswered(context))
    return undefined
  if (hasNewDestination(context) || src === undefined || !isPrivate(src)) return undefined
  const { routes } = world.host
  if (!routes || hasDefaultRoute(routes, from)) return undefined
  for (const goal of sourceGoals(context))
    for (const one of nearMisses(context, goal)) {
      const { condition } = one.miss
      if (one.rule.counters && one.rule.counters.packets > 0) continue
      const turned = { ...one.moment, packet: { ...one.moment.packet, out: from } }
      if (!isNegated(condition) && fieldOf(condition) === 'meta oifname' && evaluate(condition, turned) === true)
        return refOfSkipped(context, one)
    }
  return undefined
}

/** Nothing came back to what has the other IP version rewritten on the same way. */
const isLeftAlone = (context: Context): boolean =>
  context.journey.outcome === 'forwarded' &&
  staysUnanswered(context) &&
  isMasqueradedOtherwise(context, lastPacket(context).out) &&
  (leftByPrivateLink(context)
    ? sparesVersion(context)
    : needsSource(context) === undefined && rewritesSources(context) === false)

/** nat sent it from one network behind a router to another one: who is there has ways of its own to networks that are not the internet. */
function mayReplyPast(context: Context): boolean {
  const { src, dst } = lastPacket(context)
  if (src === undefined || dst === undefined || isPublic(src)) return false
  const { host } = context.world
  return hasDestinationAlone(context) && staysUnanswered(context) && !homeOf(src, host) && !homeOf(dst, host)
}

/** The rule gives it an address to which no answer comes. */
function withStrangeSource(context: Context, { ref, step, statement }: Rewritten): Detected[] {
  const { host } = context.world
  const { src, dst, out } = lastPacket(context)
  const source = givenSource(statement, src)
  if (source === undefined || out === undefined || isReplied(context)) return []
  const gives = `${nameRef(ref)} gives it source ${source}`
  const say = (why: string) =>
    tell(context, `${gives}, ${why}.`, true, [ref], ref, { chain: ref.chain, before: ref }, step)
  if (source === '0.0.0.0' || source === '::') return say('the unspecified address: no host replies to it')
  const home = homeOf(source, host)?.link.name
  // a private address of the way out itself is for a router behind to rewrite
  if (
    home !== undefined &&
    home !== out &&
    isPrivateAbroad(context.journey.outcome, { src: source, ...(dst === undefined ? {} : { dst }) })
  )
    return say(
      `a private address of the network of ${home}, but the packet leaves by ${out}: no reply comes back, unless routers behind ${out} know that network`,
    )
  if (isLocal(source, host) !== false) return []
  // what a router sends here by a route need not be this host's own; on a link somebody has to answer for it
  if (home !== out) {
    if (home !== undefined || !lacksReply(context) || isDestination(context, source)) return []
    // who has a network for such sources has a route for it, if only one that leads nowhere
    const way = lookupRoute({ dst: source, mark: 0 }, host)
    if (way && prefixLength(way.destination) > WIDE) return []
    return say(
      `which belongs neither to this host nor to a network on its links. No reply to it was seen: replies come here only if the next router has a route to ${source} through this host`,
    )
  }
  // what comes for it has a rule: somebody has seen to it that it comes here
  if (isDestination(context, source)) return []
  const isProxied = host.neighbours?.some(({ address, proxy }) => proxy && address === source)
  if (isProxied || larger(context, out, 'proxy_arp')) return []
  return say(
    `which is in the network of ${out}, but is not an address of this host: this host does not reply to ${source.includes(':') ? 'neighbour solicitations' : 'ARP'} for it`,
  )
}

/** Halves of the internet stand for all of it. */
const WIDE = 1

const isDestination = ({ world }: Context, address: string): boolean =>
  world.tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ conditions }) =>
        conditions.some(
          (one) =>
            one.kind === 'compare' &&
            one.op === '==' &&
            / daddr$/.test(one.field) &&
            JSON.stringify(one.value).includes(`"${address}"`),
        ),
      ),
    ),
  )

function tell(
  context: Context,
  message: string,
  sure: boolean,
  rules: RuleRef[],
  place: RuleRef | undefined,
  spot: Spot | undefined,
  culprit?: number,
): Detected[] {
  const isBack = isHairpin(context)
  // a balancer sends the next connection to another one
  const byTurns = isBack && (isSentByTurns(context) || isChosenByTurns(context, context.journey.packet))
  const packet = lastPacket(context)
  const to = (isBack || isSparedByDestination(context)) && !byTurns
  // whoever else asks for what is forwarded from anywhere is replied to in the same way
  const chosen: Chosen =
    !isBack && !to && hasNewDestination(context) && isPublic(packet.src ?? '')
      ? { kind: 'destination', packet, rewritten: true }
      : { kind: 'source', packet, to, ...(byTurns ? { rewritten: true } : {}) }
  // a bridge of this host had it tracked before: nat is not evaluated, whatever its rules are
  const isTracked = context.repeats.some(({ isSamePacket }) => isSamePacket)
  return [
    finding('not-masqueraded', sure ? 'warning' : 'note', message, {
      steps: [context.ended.step + 1],
      rules,
      ...(culprit === undefined ? {} : { culprit }),
      fix: isTracked
        ? []
        : giveOwnSource(
            context,
            place && spot
              ? changesOf(place).add(place, spot, chosen, MASQUERADE)
              : nftOnly.loaded.addInNewChain(
                  context.world,
                  { family: context.journey.family, name: 'nat' },
                  NAT,
                  chosen,
                  MASQUERADE,
                ),
          ),
    }),
  ]
}

const MASQUERADE: Doing = { kind: 'masquerade' }
/** At the priority srcnat. */
const NAT = { name: 'postrouting', type: 'nat', hook: 'postrouting', prio: 100 } as const

/** Undefined where only nft has rules, and none for nat. iptables has one chain for it; of nft's, the last that the packet came to, or would come to. */
function placeOfMasquerade(context: Context): RuleRef | undefined {
  const { world, journey } = context
  const { family } = journey
  const pass = passes(context).findLast((one) => isNat(one) && one.hook === 'postrouting')
  const met = pass && { table: pass.table, chain: pass.base }
  const known = () =>
    family === 'ip' || family === 'ip6'
      ? baseChainsAt(world, family, 'postrouting', true).findLast(({ table, chain }) => isNatChain(table, chain))
      : undefined
  const place = met ?? known()
  if (place?.table.kind === 'nft')
    return { family: place.table.family, table: place.table.name, chain: place.chain.name, rule: 'policy accept' }
  return isNftAlone(world) ? undefined : { family, table: 'nat', chain: 'POSTROUTING' }
}

/** At the chain's end; in front of a rule that the packet left it by for good, what stands behind is not met. */
function spotIn(context: Context, chain: string): Spot {
  const { arrivals } = context.evidence
  const pass = passes(context).findLast((one) => isNat(one) && one.hook === 'postrouting')
  const left = pass?.steps.find((i) => arrivals[i]!.chain === pass.base && isLeaving(context, i))
  const before = left === undefined ? undefined : refAt(context, left)
  return { chain, ...(before ? { before } : {}) }
}

const isLeaving = ({ evidence, journey }: Context, i: number): boolean =>
  journey.steps[i]!.kind === 'rule' && /^(accept|return|goto)$/.test(evidence.arrivals[i]!.ending ?? '')

/** Where the rule would have had to stand: in front of what ended table nat. */
function lastOfNat(context: Context): RuleRef[] {
  const pass = passes(context).findLast((one) => isNat(one) && one.hook === 'postrouting')
  const ref = pass && refAt(context, pass.steps.at(-1)!)
  if (!pass || !ref) return []
  // a chain of its own that the packet left at its end
  const [deepest] = chainRuns(context, pass)
  return deepest ? [endOf(pass.table, deepest.chain), ref] : [ref]
}
