import { memo } from '../../model/memo.ts'
import { isOwnTable } from '../../model/own-table.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import { isLocal } from '../../rules/fib.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { doesWords, ruleForOthers } from '../counterfactual/for-others.ts'
import { keptByRoute } from '../host/own-by-route.ts'
import { nameRef } from '../refs.ts'
import { refusesOpening } from '../reply/request-reply.ts'
import { listensElsewhere } from './listens-elsewhere.ts'

/** This host itself says no, and no rule of its own can have said it: nothing listens. */
export const refusedHere: Detector = {
  code: 'refused-here',
  detect(context) {
    const { journey, world } = context
    const { packet } = journey
    const said = refusal(packet)
    if (!said || packet.in !== undefined || isLocal(packet.src, world.host) !== true) return []
    if (mayBeRule(context, said.answer)) return []
    const { answer, asked } = said
    if (answer === UNKNOWN_PROTOCOL) return [ofProtocol(asked)]
    const elsewhere = listensElsewhere(world.host, asked)
    const only = elsewhere === undefined ? '' : ` (${elsewhere})`
    const end = `${asked.protocol} ${describeEnd(asked.dst, asked.dport)}`
    if (isLocal(asked.dst, world.host) === false) return [ofForeign(asked, answer, end)]
    // what this host asks itself
    const isOwn = isLocal(packet.dst, world.host) === true
    const request = { ...asked, ...(packet.dst === undefined ? {} : { src: packet.dst }) }
    const kept = isOwn && elsewhere === undefined ? keptByRoute(asked, world.host) : undefined
    const rule = isOwn ? ruleForOthers(context, request) : undefined
    const why = rule
      ? ` ${nameRef(rule.ref)} ${doesWords(context, rule.rule, request)}, but requests of this host itself do not traverse ${rule.base.name}.`
      : kept
        ? ` ${kept.told}`
        : ''
    return [
      finding(
        'refused-here',
        'warning',
        `No rule rejected the request: this host itself replies with ${answer}, because no program listens on ${end}${only}.${why}`,
        {
          steps: [1],
          ...(rule ? { rules: [rule.ref] } : {}),
          fix: rule
            ? []
            : kept
              ? kept.fix
              : [
                  {
                    description: `start the program, or make it listen on this address${isUndone(context) ? '' : '; or check why nat did not rewrite the request'}`,
                    unverified: 'this is not a netfilter change',
                  },
                ],
        },
      ),
    ]
  },
}

/** Another route than that of an own address led it here, as a proxy's does: no program is missing, and the request tells why. */
function ofForeign({ dst }: Packet, answer: Refusal['answer'], end: string): Detected {
  return finding(
    'refused-here',
    'note',
    `No rule rejected the request: this host itself replies with ${answer}, because a route delivered the request to it, and no program listens on ${end}. ${dst} is not an address of this host.`,
    { steps: [1] },
  )
}

/** nat gives it another source on its way: its request was rewritten. */
function isUndone(context: Context): boolean {
  const [first, last] = [context.journey.packet, lastPacket(context)]
  return first.src !== last.src || first.sport !== last.sport
}

/** The protocol has no ports: a module of the kernel takes it, or a program with a raw socket (ip_local_deliver_finish, net/ipv4/ip_input.c). */
function ofProtocol({ protocol }: Packet): Detected {
  const which = protocol === undefined ? 'the protocol of the request' : `protocol ${protocol}`
  return finding(
    'refused-here',
    'warning',
    `No rule rejected the request: this host itself replies with ${UNKNOWN_PROTOCOL}, because no program or module on it handles ${which}.`,
    {
      steps: [1],
      fix: [
        {
          description:
            'start the program or load the module that handles this protocol; if another host should get it, check why nat did not rewrite the request: rules that name a port do not match this protocol',
          unverified: 'this is not a netfilter change',
        },
      ],
    },
  )
}

const UNKNOWN_PROTOCOL = 'protocol unreachable'

interface Refusal {
  answer: 'a reset' | 'port unreachable' | typeof UNKNOWN_PROTOCOL
  /** What is refused; empty where the trace does not show what the error quotes. */
  asked: Packet
}

function refusal(packet: Packet): Refusal | undefined {
  const { protocol, icmpType, icmpCode, inner, src, sport } = packet
  if (protocol === 'tcp') {
    const asked = {
      protocol,
      ...(src === undefined ? {} : { dst: src }),
      ...(sport === undefined ? {} : { dport: sport }),
    }
    return refusesOpening(packet) ? { answer: 'a reset', asked } : undefined
  }
  // IPv6 calls it a parameter problem: an unknown next header (ip6_input_finish)
  const unknown = protocol === 'icmp' ? [3, 2] : protocol === 'icmpv6' ? [4, 1] : undefined
  if (unknown && icmpType === unknown[0] && icmpCode === unknown[1])
    return { answer: UNKNOWN_PROTOCOL, asked: inner ?? {} }
  const unreachable = protocol === 'icmp' ? [3, 3] : protocol === 'icmpv6' ? [1, 4] : undefined
  if (!unreachable || !inner?.protocol || icmpType !== unreachable[0] || icmpCode !== unreachable[1]) return undefined
  return { answer: 'port unreachable', asked: inner }
}

/** A REJECT with this very answer; without a ruleset that is not known. */
function mayBeRule({ world, journey }: Context, answer: Refusal['answer']): boolean {
  const tables = world.tables.filter(
    ({ family, name }) => (family === journey.family || family === 'inet') && !isOwnTable(name),
  )
  const words = WORDS[answer]
  return tables.length === 0 || tables.some((table) => rejectsOf(table).some((one) => words.test(one)))
}

const WORDS = {
  'a reset': /tcp-reset|tcp reset/,
  'port unreachable': /port-unreach/,
  [UNKNOWN_PROTOCOL]: /proto?-unreach/,
}

/** With what its rules reject. */
const rejectsOf = memo(({ chains }: Table): readonly string[] => {
  const found = new Set<string>()
  for (const { rules } of chains.values())
    for (const { statements } of rules) for (const one of statements) if (one.kind === 'reject') found.add(one.with)
  return [...found]
})
