/** A rule of nat at prerouting for what this host itself sends: such packets traverse output, and not the rule. */
import { baseChainsAt, mayBeAbsent } from '../../journey/base-chains.ts'
import type { Host } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { addressType } from '../../rules/fib.ts'
import { isForNobody, listener } from '../../rules/sockets.ts'
import { type Context, lastPacket } from '../context.ts'
import { refOf } from '../refs.ts'
import { rewrites } from './goals.ts'
import { DESTINATION } from './rewritten.ts'
import { isNatChain } from './skipped-rules.ts'
import { needsDestination } from './undeliverable.ts'
import { natFromTheStart } from './what-if.ts'

export interface ForOthers {
  table: Table
  /** At the hook. */
  base: Chain
  /** Which has the rule. */
  chain: Chain
  rule: Rule
  ref: RuleRef
  /** Only for what comes in by this interface, which has the destination. */
  link?: string
}

/** What it would meet if it came in; by lo, as what this host sends to itself does once nat has been, or by the link of its destination. */
export function ruleForOthers(context: Context, sent: Packet): ForOthers | undefined {
  for (const device of ['lo', ...linksOf(sent.dst, context.world.host)]) {
    const asked = { ...sent, in: device, ctState: 'new', ctDir: 'original' } as const
    const then = natFromTheStart(context, asked, 'prerouting')
    if (!then || !rewrites(DESTINATION)(then.walked)) continue
    const { chain, rule } = then.walked.last!
    const ref = refOf(context, then.table.name, chain, rule)
    return { table: then.table, base: then.base, chain, rule, ref, ...(device === 'lo' ? {} : { link: device }) }
  }
  return undefined
}

/** Those that have the address. */
const linksOf = (address: string | undefined, { links = [] }: Host): string[] =>
  links.flatMap(({ name, addresses }) =>
    name !== 'lo' && addresses?.some((own) => own.address === address) ? [name] : [],
  )

/** The rule that this packet of the host's own would have needed; undefined where it is not sure that it needed any. */
export function neededOfOthers(context: Context): ForOthers | undefined {
  const { journey, world } = context
  if (journey.packet.in !== undefined) return undefined
  const packet = lastPacket(context)
  const isLost =
    needsDestination(context) === 'surely' ||
    // nft has a chain at a hook only where somebody made one, and so has iptables-nft
    (!hasNatAtOutput(context) &&
      journey.outcome === 'delivered' &&
      addressType(packet.dst, world.host) === 'local' &&
      isForNobody(world.host, packet))
  return isLost ? ruleForOthers(context, journey.packet) : undefined
}

/** An empty chain that iptables-nft lists does nothing, be it there or not. */
export const hasNatAtOutput = ({ world, journey: { family } }: Context): boolean =>
  (family === 'ip' || family === 'ip6') &&
  baseChainsAt(world, family, 'output', true).some(
    ({ table, chain }) => isNatChain(table, chain) && !mayBeAbsent(table, chain),
  )

/** `redirects port 80 to 8080, where nginx listens`; of another rule that it `would have rewritten its destination`. */
export function doesWords({ world: { host } }: Context, { statements }: Rule, packet: Packet): string {
  const redirect = statements.find(({ kind }) => kind === 'redirect')
  const [from, to] = (redirect?.kind === 'redirect' && redirect.ports) || []
  if (from === undefined || from !== to || packet.dport === undefined) return 'would have rewritten its destination'
  const there = listener(host, { ...packet, dport: from })
  const where = there ? `, where ${there.process ?? 'a program'} listens` : ''
  return `redirects port ${packet.dport} to ${from}${where}`
}
