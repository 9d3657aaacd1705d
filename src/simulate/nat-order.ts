/**
 * NAT beside chains of its own priority. The kernel registers NAT's hooks, at -100 and 100, with a family's first chain of
 * type nat, whatever priority that chain has (nf_nat_register_fn, net/netfilter/nf_nat_core.c). Of hooks with one
 * priority it runs the one that was registered last first (nf_hook_entries_grow, net/netfilter/core.c).
 */
import { basesOf } from '../journey/base-chains.ts'
import type { Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { PreparedChain } from '../rules/prepared-chain.ts'
import { isUnknown, type Truth } from '../rules/truth.ts'
import { walk } from '../rules/walk.ts'
import { momentOf } from './moment.ts'
import type { Hooked, NatHook } from './nat-hook.ts'
import { manipAt } from './nat-setup.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { effectsOf } from './tied-chains.ts'
import { Undetermined } from './undetermined.ts'

/** `beside`: what hangs at NAT's priority, which are these chains. */
export function besideNat(
  world: World,
  family: Skb['family'],
  nat: NatHook,
  beside: readonly Hooked[],
  bases: readonly PreparedChain[],
): Hooked {
  const order = registered(world, family, bases)
  const written = new Set(bases.flatMap((base) => [...effectsOf(base.table, base.chain).writes]))
  const read = nat.chains.flatMap((base) => [...effectsOf(base.table, base.chain).reads])
  const mayDepend =
    bases.some(readsRewritten) ||
    read.some((name) => written.has(name) || (written.size > 0 && name === '*')) ||
    written.has('*')
  return {
    priority: nat.priority,
    run(machine, skb) {
      const isFirst = !mayDepend || order === 'chains' || (order !== 'nat' && chainsFirst(machine, skb, nat, bases))
      for (const one of isFirst ? [...beside, nat] : [nat, ...beside]) {
        const verdict = one.run(machine, skb)
        if (verdict !== 'accept') return verdict
      }
      return 'accept'
    },
  }
}

/** Who comes first, as far as the list of one table's chains tells it: they stand there in the order in which they were made. */
function registered(
  { tables }: World,
  family: Skb['family'],
  bases: readonly PreparedChain[],
): 'chains' | 'nat' | undefined {
  const own = tables.filter((table) => table.family === family || table.family === 'inet')
  const rewriting = own.filter((table) => basesOf(table).some(({ type }) => type === 'nat'))
  const [table, ...others] = rewriting
  if (table?.kind !== 'nft' || others.length > 0 || bases.some((base) => base.table !== table)) return undefined
  const all = basesOf(table)
  const first = all.findIndex(({ type }) => type === 'nat')
  const later = bases.map(({ chain }) => all.indexOf(chain) > first)
  if (later.every(Boolean)) return 'chains'
  return later.some(Boolean) ? undefined : 'nat'
}

/** Throws Undetermined where the packet's way hangs on the order, and nobody has assumed one. */
function chainsFirst(machine: Simulator, skb: Skb, nat: NatHook, bases: readonly PreparedChain[]): boolean {
  if (agree(machine, skb, nat, bases)) return true
  const [chain, rewriting] = [bases[0]!, nat.chains[0] ?? bases[0]!].map(
    ({ table, chain: { name } }) => `${table.family} ${table.name} ${name}`,
  )
  const condition = `order of chains: ${chain} before ${rewriting}`
  const reason = `${chain} and NAT have the same priority (${nat.priority}); the order in which they were registered is not known`
  const truth: Truth = machine.settle(condition, { unknown: reason })
  if (isUnknown(truth)) throw new Undetermined(condition, reason)
  return truth
}

/** Does the packet fare alike, whichever comes first? */
function agree(machine: Simulator, skb: Skb, nat: NatHook, bases: readonly PreparedChain[]): boolean {
  const { connection, tracking } = skb
  if (!connection || !tracking?.direction) return true
  const start = { ...momentOf(machine, skb) }
  let behind = start
  for (const { table, chain } of bases) {
    const { ending, packet } = walk(table, [{ chain, index: 0 }], behind, machine.budget)
    if (ending === 'unknown') return false
    behind = { ...behind, packet }
  }
  if (connection.settled[manipAt(skb.hook)])
    return !connection.flags.some((flag) => flag === 'dnat' || flag === 'snat') || !bases.some(readsRewritten)
  const [before, after] = [start, behind].map((moment) => rewritingRule(machine, nat, moment))
  if (before === 'unknown' || before !== after) return false
  return before === undefined || !bases.some(readsRewritten)
}

const REWRITES: readonly string[] = ['dnat', 'snat', 'masquerade', 'redirect', 'netmap']

/** The rule of nat that takes such a packet. */
function rewritingRule(
  machine: Simulator,
  { chains }: NatHook,
  moment: ReturnType<typeof momentOf>,
): Rule | 'unknown' | undefined {
  for (const { table, chain } of chains) {
    const { ending, last } = walk(table, [{ chain, index: 0 }], { ...moment }, machine.budget)
    if (ending === 'unknown') return 'unknown'
    if (last?.rule.statements.some(({ kind }) => REWRITES.includes(kind))) return last.rule
  }
  return undefined
}

/** Asks for what NAT may rewrite, or for what hangs on that. */
const readsRewritten = ({ table, chain }: PreparedChain): boolean =>
  [...effectsOf(table, chain).reads].some((name) => /^(src|dst|sport|dport|\*)$|addr|port|^ct |fib|oif|rt /.test(name))
