import type { ConntrackEdit } from '../../model/edit.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
import { DESTINATION } from '../counterfactual/goals.ts'
import { natFromTheStart } from '../counterfactual/what-if.ts'
import { nameRef, refOf } from '../refs.ts'
import { entryOpened } from '../request-reply.ts'

/** Its connection is older than the rules: where they would send it now, it is not sent. */
export const staleConntrack: Detector = {
  code: 'stale-conntrack',
  detect(context) {
    const { journey, world, evidence } = context
    if (evidence.nat === 'passed' || (journey.family !== 'ip' && journey.family !== 'ip6')) return []
    const entry = entryOpened(journey.packet, world)
    if (!entry) return []
    const now = destinationNow(context)
    if (now === undefined) return []
    const [address, port] = [entry.reply.src, entry.reply.sport]
    if (now.rule && now.isAt(address, port)) return []
    const isNatted = address !== entry.original.dst || port !== entry.original.dport
    // without a rule and without nat nothing has changed
    if (!now.rule && !isNatted) return []
    const goes = isNatted
      ? `rewrites its destination to ${describeEnd(address, port)}`
      : 'leaves its destination as it is'
    const would = now.rule ? `${nameRef(now.rule)} would rewrite it otherwise` : 'no rule would rewrite it'
    return [
      finding(
        'stale-conntrack',
        'warning',
        `Its connection is older than the rules: conntrack's entry ${goes}, while for a new one ${would}.`,
        {
          steps: [1],
          rules: now.rule ? [now.rule] : [],
          fix: [
            {
              description: 'delete the entry: the next packet passes nat',
              edits: [deletion(entry)],
              unverified: 'not tried',
              note: 'the connection begins anew; a TCP connection breaks',
            },
          ],
        },
      ),
    ]
  },
}

/** What nat would make of the packet, if it were the first; undefined where that cannot be told. */
function destinationNow(context: Context) {
  const first = { ...context.journey.packet, ctState: 'new' as const, ctDir: 'original' as const }
  const then = natFromTheStart(context, first)
  if (!then) return undefined
  const { last } = then.walked
  const verdict = last && verdictOf(last.rule).text
  if (!last || !verdict || !DESTINATION.includes(verdict)) return { rule: undefined, isAt: () => false }
  const to = last.rule.statements.find((one) => one.kind === 'dnat' || one.kind === 'redirect')
  // a whole network is mapped one to one
  if (!to || (to.kind !== 'dnat' && to.kind !== 'redirect')) return undefined
  return {
    rule: refOf(context, then.table.name, last.chain, last.rule),
    isAt: (address: string, port: number | undefined): boolean =>
      (to.addresses === undefined || (to.addresses[0] <= address && address <= to.addresses[1])) &&
      (to.ports === undefined || port === undefined || (to.ports[0] <= port && port <= to.ports[1])),
  }
}

function deletion({ family, protocol, original }: ConntrackEntry): ConntrackEdit {
  const { src, dst, sport, dport } = original
  return {
    ...{ kind: 'conntrack', op: 'delete', protocol },
    ...(family === 'ip' || family === 'ip6' ? { family } : {}),
    original: {
      ...{ src: canonicalPrefix(src) ?? src, dst: canonicalPrefix(dst) ?? dst },
      ...(sport === undefined ? {} : { sport }),
      ...(dport === undefined ? {} : { dport }),
    },
  }
}
