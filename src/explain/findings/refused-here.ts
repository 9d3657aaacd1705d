import { memo } from '../../model/memo.ts'
import { isOwnTable } from '../../model/own-table.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import { isLocal } from '../../rules/fib.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
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
    const elsewhere = listensElsewhere(world.host, asked)
    const only = elsewhere === undefined ? '' : ` (${elsewhere})`
    const end = `${asked.protocol} ${describeEnd(asked.dst, asked.dport)}`
    // what this host asks itself
    const isOwn = isLocal(packet.dst, world.host) === true
    const request = { ...asked, ...(packet.dst === undefined ? {} : { src: packet.dst }) }
    const kept = isOwn && elsewhere === undefined ? keptByRoute(asked, world.host) : undefined
    const rule = isOwn ? ruleForOthers(context, request) : undefined
    const why = rule
      ? ` ${nameRef(rule.ref)} ${doesWords(context, rule.rule, request)}, but requests of this host itself do not traverse ${rule.chain.name}.`
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
                    description:
                      'start the program, or make it listen on this address; or check why nat did not rewrite the request',
                    unverified: 'this is not a netfilter change',
                  },
                ],
        },
      ),
    ]
  },
}

interface Refusal {
  answer: 'a reset' | 'port unreachable'
  /** What is refused. */
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
  const unreachable = protocol === 'icmp' ? [3, 3] : protocol === 'icmpv6' ? [1, 4] : undefined
  if (!unreachable || !inner?.protocol || icmpType !== unreachable[0] || icmpCode !== unreachable[1]) return undefined
  return { answer: 'port unreachable', asked: inner }
}

/** A REJECT with this very answer; without a ruleset that is not known. */
function mayBeRule({ world, journey }: Context, answer: Refusal['answer']): boolean {
  const tables = world.tables.filter(
    ({ family, name }) => (family === journey.family || family === 'inet') && !isOwnTable(name),
  )
  const words = answer === 'a reset' ? /tcp-reset|tcp reset/ : /port-unreach/
  return tables.length === 0 || tables.some((table) => rejectsOf(table).some((one) => words.test(one)))
}

/** With what its rules reject. */
const rejectsOf = memo(({ chains }: Table): readonly string[] => {
  const found = new Set<string>()
  for (const { rules } of chains.values())
    for (const { statements } of rules) for (const one of statements) if (one.kind === 'reject') found.add(one.with)
  return [...found]
})
