/** A reply with another source than the one that nat had sent the request to: connection tracking does not know it. */
import { acceptBefore, changesOf, propose, spotOf } from '../../../explain/changes/change.ts'
import type { Changing } from '../../../explain/changes/proposal.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { describeEnd, finding } from '../../../explain/context.ts'
import { nameRef, refOfStep } from '../../../explain/refs.ts'
import type { Finding, Fix, RuleRef, Step } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import { entryOpened } from '../../../rules/conntrack/entries.ts'
import { asItLeft } from '../../as-it-left.ts'
import { isRedirected } from '../join/find-reply.ts'
import { isAsking, type Part, type Told } from '../join/joined.ts'
import { dnatToReplier } from './dnat-to-replier.ts'
import { writtenOver } from './written-over.ts'

/**
 * nf_nat_core.c's get_unique_tuple gives a new connection another source port where its own would be taken for a reply of
 * the request's connection: whoever asked does not know that port.
 */
export function asNewConnection(parts: readonly Part[], reply: Part): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  const beside = request && reply.isNewFlow ? fromOwnAddress(request, reply) : undefined
  if (beside) return beside
  if (request?.told.isUntracked && reply.told.nat === 'passed') return asRewritten(request, reply)
  if (request && !request.told.isUntracked && reply.told.isUntracked) return asItIs(request, reply)
  // what a program sends is not rewritten yet in OUTPUT
  const isAsSent = reply.told.journey.steps[0]?.hook === 'output'
  if (request?.told.nat !== 'passed' || !(isAsSent || reply.told.nat === 'passed')) return undefined
  const { packet } = request.told.journey
  const { dst, dport } = asItLeft(request.told.journey)
  const { src, sport, protocol } = reply.told.journey.packet
  if (protocol !== 'udp' || dst === undefined || src === undefined || (dst === packet.dst && dport === packet.dport))
    return undefined
  if (src === dst && sport === dport) return undefined
  // to which address is not known
  if (dst === packet.dst && isRedirected(request.told)) return undefined
  const [sent, came] = [describeEnd(dst, dport), describeEnd(src, sport)]
  return repliesFromOther(
    `nat sent the request to ${sent}, but the reply comes from ${came}: conntrack treats the reply as a new connection and gives it another source port.`,
    `make the program reply from ${sent}: bind its socket to ${dst}, or change the DNAT rule's destination to ${came}`,
    sport === undefined ? [] : dnatToReplier(request.told, src, sport),
  )
}

/** Nothing rewrote the request, and another address of this host replies. */
function fromOwnAddress({ told }: Part, reply: Part): Finding | undefined {
  const { packet: asked } = told.journey
  const { src, sport, in: came, protocol } = reply.told.journey.packet
  const { dst, dport } = asItLeft(told.journey)
  if (protocol !== 'udp' || came !== undefined || src === undefined || sport === undefined) return undefined
  if (dst === undefined || dst !== asked.dst || dport !== sport || src === dst) return undefined
  const found = repliesFromOwn(told, { to: dst, port: sport, from: src })
  const { findings, steps } = reply.told.journey
  const astray = findings.find(({ code, severity }) => code === 'wrong-way-out' && severity !== 'note')
  const out = leftBy(steps)
  if (!astray || out === undefined) return found
  // led the right way it gets the right source; nat would not change its way
  return {
    ...found,
    message: `${found.message} A socket that is bound to no address takes its source address from the route of the reply. This reply left by ${out}.`,
    rules: astray.rules,
    fix: [...astray.fix, ...found.fix.filter(({ edits }) => edits === undefined)],
  }
}

/** A program that is bound to no address was asked at `to`, and replies from `from`. Absent words: whoever asked contacted it, and the reply shows it. */
export function repliesFromOwn(
  told: Told,
  { to, port, from }: { to: string; port: number; from: string },
  { contacted = '', shows = '' } = {},
): Finding {
  // somebody may have made its address unreadable
  const { src = 'The sender' } = told.journey.packet
  return repliesFromOther(
    `${contacted || `${src} contacted`} ${describeEnd(to, port)}, but ${shows}the reply comes from ${describeEnd(from, port)}. ${src} never contacted that address.`,
    `make the program reply from ${to}: bind its socket to this address`,
    dnatToReplier(told, from, port),
  )
}

/** A rule wrote another port into it: conntrack knows it for another connection's, or for none's. */
export function toWrittenPort(parts: readonly Part[], reply: Part): Finding | undefined {
  const { step, last } = writtenOver(parts, reply) ?? {}
  const ref = step && refOfStep(step)
  const asked = parts.find(isAsking)?.told.journey.packet
  if (!ref || !asked || last?.dst === undefined) return undefined
  const { packet } = reply.told.journey
  const [to, then, awaited] = [
    describeEnd(packet.dst, packet.dport),
    describeEnd(last.dst, last.dport),
    describeEnd(asked.src, asked.sport),
  ]
  return finding(
    'reply-to-other-port',
    'error',
    `${nameRef(ref)} changes the destination port of the reply: it was sent to ${to} and is then for ${then}, but ${awaited} waits for it.`,
    {
      rules: [ref],
      fix: propose(
        'do not rewrite such replies',
        sparing(ref, step, packet),
        `skips the rest of chain ${ref.chain} for them`,
      ).map(sayable),
    },
  )
}

/** Behind connection tracking a reply is known for one, and what the rest of the chain would stop is let in by no accept for replies alone. */
function sparing(ref: RuleRef, { hook }: Step, packet: Packet): Changing | undefined {
  if (hook === undefined || hook === 'ingress' || hook === 'prerouting')
    return acceptBefore(ref, packet, { hook: hook ?? 'prerouting', answer: true })
  const spot = spotOf(ref)
  return spot && changesOf(ref).add(ref, spot, { kind: 'answers' }, { kind: 'accept' })
}

/** Nat had given the request another source than the one that the server replies to: a SIP server goes by what the request says of itself (RFC 3261, 18.2.2). */
export function toOtherPort(parts: readonly Part[], reply: Part): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request?.own || !reply.own || !reply.isNewFlow) return undefined
  const { packet: asked } = request.told.journey
  const { src, dst, sport, dport } = reply.told.journey.packet
  const awaited = entryOpened(asked, request.told.world)?.reply
  if (!awaited || src === undefined || dst === undefined || awaited.src !== src || awaited.sport !== sport)
    return undefined
  if (awaited.dst === dst && awaited.dport === dport) return undefined
  const [from, to, sent] = [describeEnd(src, sport), describeEnd(dst, dport), describeEnd(awaited.dst, awaited.dport)]
  return finding(
    'reply-to-other-port',
    'error',
    `${from} replied to ${to}, but nat had sent the request from ${sent}. So conntrack treats the reply as a new connection, and nat does not lead it back to ${asked.src}.`,
    {
      fix: [
        {
          description: `let ${src} reply to the address and port that the request comes from (for SIP: "rport", RFC 3581), or let nat keep the source port ${asked.sport}`,
          unverified: 'this is not a netfilter change',
        },
      ],
    },
  )
}

const repliesFromOther = (message: string, description: string, fix: readonly Fix[]): Finding =>
  finding('reply-from-other-address', 'error', message, {
    fix: [...fix, { description, unverified: 'this is not a netfilter change' }],
  })

/** Of what is not tracked nat is not undone: the reply comes from where nat had sent the request. */
function asItIs(request: Part, reply: Part): Finding | undefined {
  const { packet: asked } = request.told.journey
  const left = asItLeft(reply.told.journey)
  if (left.src === undefined) return undefined
  const { fix, rules, steps } = reply.told.journey.findings.find(({ code }) => code === 'untracked') ?? {}
  const effect = withoutUndoing(asked, left)
  if (effect === undefined) return undefined
  const [ref] = rules ?? []
  const why = ref ? `exempted from conntrack by ${nameRef(ref)}` : 'not tracked'
  return finding('untracked', 'error', `The reply is ${why}, so nat does not ${effect}.`, {
    ...(fix ? { fix } : {}),
    ...(rules ? { rules } : {}),
    ...(steps ? { steps } : {}),
  })
}

/** What nat would have undone: the destination that it gave the request, or its source. */
function withoutUndoing(asked: Packet, left: Packet): string | undefined {
  if (left.src !== asked.dst || left.sport !== asked.dport) {
    const [from, contacted] = [describeEnd(left.src, left.sport), describeEnd(asked.dst, asked.dport)]
    return `give it the address that was asked: ${asked.src} contacted ${contacted}, and the reply comes from ${from}`
  }
  if (left.dst === undefined || (left.dst === asked.src && left.dport === asked.sport)) return undefined
  const [to, awaited] = [describeEnd(left.dst, left.dport), describeEnd(asked.src, asked.sport)]
  return `lead it back to ${awaited}: it stays addressed to ${to}`
}

/** What conntrack has not seen is answered by a connection of the reply's own: nat's rules are asked for that. */
function asRewritten(request: Part, reply: Part): Finding | undefined {
  const { packet: asked } = request.told.journey
  const left = asItLeft(reply.told.journey)
  const differs = (one: string | number | undefined, other: string | number | undefined) =>
    one !== undefined && one !== other
  // masqueraded: this host's address, which was not asked for what it forwarded
  const isHidden = left.src === undefined && reply.told.journey.packet.in !== undefined
  const isAsAsked =
    !isHidden &&
    !differs(left.dst, asked.src) &&
    !differs(left.src, asked.dst) &&
    !differs(left.dport, asked.sport) &&
    !differs(left.sport, asked.dport)
  if (isAsAsked) return undefined
  const from = left.src === undefined ? 'an address of this host' : describeEnd(left.src, left.sport)
  const ends = `from ${from} to ${describeEnd(left.dst, left.dport)}`
  const meant = `${describeEnd(asked.src, asked.sport)} contacted ${describeEnd(asked.dst, asked.dport)}`
  return finding(
    'untracked',
    'error',
    `The request is not tracked. So conntrack treats the reply as a new connection, and nat rewrites the reply: it goes ${ends}, but ${meant}.`,
  )
}
