/** Replies that this host forwards, led back out of the uplink where their connection began, by a mark that the connection keeps. */
import { MANGLE } from '../../model/hook.ts'
import type { Host } from '../../model/host.ts'
import type { Journey, RuleRef } from '../../model/journey.ts'
import { isNftAlone, type World } from '../../model/world.ts'
import { hasAddress } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { changesOf, propose } from '../changes/change.ts'
import { allOf, type Changing, type Proposal } from '../changes/proposal.ts'
import type { Chosen, Doing, Mark } from '../changes/rule-changes.ts'
import { TRACKING } from '../counterfactual/what-if.ts'
import { tableOut } from '../host/own-uplink.ts'
import { addRoutingRule } from '../host/routes.ts'
import { nftOnly } from '../nft-only/later.ts'

export interface Marked {
  /** Replies are routed with it. */
  mark: number
  fix: Proposal[]
}

/**
 * The server's own address says nothing of the uplink: it replies from that one whichever was asked. `asked`: the address of
 * `came` that the request was sent to.
 */
export function markUplink(
  { packet, steps, outcome }: Journey,
  world: World,
  asked: string,
  came: string,
): Marked | undefined {
  const { host } = world
  const inner = steps.at(-1)?.out
  const link = linkNamed(host, came)
  if (outcome !== 'forwarded' || inner === undefined || inner === came || !link) return undefined
  if (!host.routes || !host.routingRules || !hasAddress(host, came, asked)) return undefined
  const family = asked.includes(':') ? 'ip6' : 'ip'
  const table = tableOut(packet, link, family, host)
  const bit = unusedBit(world)
  if (!table || bit === undefined) return undefined
  const mark: Mark = { value: bit, mask: bit }
  const rules = marking(world, family, [
    [
      { kind: 'begun', device: came },
      { kind: 'mark-connection', mark },
    ],
    [
      { kind: 'of-marked', device: inner, mark },
      { kind: 'mark', mark },
    ],
  ])
  const { name, made } = table
  const route = addRoutingRule({ family, mark: bit, markMask: bit, action: { table: name } })
  const own = made.length === 0 ? `table ${name}` : `a table of its own, ${name}`
  const fix = propose(
    `mark connections that come in on ${came}, and send their replies, which come in on ${inner}, out of ${came} by ${own}`,
    allOf([rules, ...made, route]),
    `affects every connection that comes in on ${came} and is forwarded to ${inner}`,
  )
  return { mark: bit, fix }
}

const PREROUTING = { name: 'prerouting', type: 'filter', hook: 'prerouting', prio: MANGLE } as const

/** Behind connection tracking, and before the packets are routed. */
function marking(
  world: World,
  family: 'ip' | 'ip6',
  both: readonly (readonly [Chosen, Doing])[],
): Changing | undefined {
  const isNft = isNftAlone(world)
  const ref: RuleRef = { family, table: 'mangle', chain: isNft ? PREROUTING.name : 'PREROUTING' }
  const [first, ...more] = both
  if (!isNft) return allOf(both.map((one) => changesOf(ref).add(ref, { chain: ref.chain }, ...one)))
  const named: RuleRef = { ...ref, rule: 'policy accept' }
  const known = world.tables.find((one) => one.family === family && one.name === ref.table)?.chains.get(ref.chain)
  if (known) {
    if (known.hook !== PREROUTING.hook || known.type !== PREROUTING.type || (known.priority ?? 0) <= TRACKING)
      return undefined
    const [before] = known.rules
    const spot = { chain: ref.chain, ...(before ? { before } : {}) }
    return allOf(both.map((one) => changesOf(named).add(named, spot, ...one)))
  }
  const chain = nftOnly.loaded.addInNewChain(world, { family, name: ref.table }, PREROUTING, ...first!)
  const others = more.map((one) => changesOf(named).add(named, { chain: ref.chain }, ...one))
  // the chain goes with all that is in it
  const all = allOf([chain, ...others])
  return all && chain && !('unsayable' in all) ? { edits: all.edits, undo: chain.undo } : all
}

/** The lowest bit that no rule, no set and no routing rule names. */
function unusedBit({ tables, sets, host }: World): number | undefined {
  const used = [...marksOfRules(tables), ...marksOfSets(sets), ...marksOfRouting(host)].reduce(
    (all, one) => (all | one) >>> 0,
    0,
  )
  for (let at = 0; at < 32; at++) {
    const bit = (1 << at) >>> 0
    if ((used & bit) === 0) return bit
  }
  return undefined
}

function* marksOfRules(tables: World['tables']): Generator<number> {
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { text } of rules) if (/mark/i.test(text)) yield* numbersIn(text)
}

/** Keys, as of `ipv4_addr . mark` and `hash:ip,mark`, and what maps give. */
function* marksOfSets(sets: World['sets']): Generator<number> {
  for (const { type, dataType = '', elements } of sets) {
    const [keys, values] = [type, dataType].map((types) => types.split(/ \. |[:,]/).map((one) => one === 'mark'))
    // before the colon, an ipset's type has its method
    const key = type.includes(':') ? keys!.slice(1) : keys!
    if (![...key, ...values!].includes(true)) continue
    for (const { parts, data = [] } of elements)
      for (const one of [...parts.filter((_, i) => key[i]), ...data.filter((_, i) => values![i])])
        yield* numbersIn(`${one}`)
  }
}

const marksOfRouting = ({ routingRules = [] }: Host): number[] =>
  routingRules.flatMap(({ mark, markMask = 0 }) => (mark === undefined ? [] : [mark, markMask]))

/** All bits, and all but some, are how a mask spares the others. */
const numbersIn = (text: string): number[] =>
  [...text.matchAll(/\b(?:0x[0-9a-f]+|\d+)\b/gi)].map(([one]) => Number(one)).filter((one) => one < 0x80000000)
