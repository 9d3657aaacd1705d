/**
 * Tables that the kernel refuses for the way their chains lead: back to a chain that they came from, by jump or by goto
 * (mark_source_chains in net/ipv4/netfilter/ip_tables.c, nft_chain_validate in net/netfilter/nf_tables_api.c), and in
 * nf_tables through too many chains. What no base chain leads to is not asked.
 */
import type { Chain, NamedSet, Rule, Table } from '../model/ruleset.ts'
import { chainsOf } from './nft/map.ts'
import { isBareVerdict, verdictOf } from './verdict.ts'

/** NFT_JUMP_STACK_SIZE: so many chains lead into one another in nf_tables, the base chain and those left by goto too. */
export const LOADED_DEPTH = 16

export const refusedLoop = (chains: readonly string[], by: 'jump' | 'goto'): string =>
  `the kernel refuses to load this ruleset: chain ${chains[0]} can reach itself by ${by}` +
  (chains.length > 2 ? ` (${chains.join(' → ')})` : '')

export const refusedDepth = (chain: string): string =>
  `the kernel refuses to load this ruleset: nf_tables allows at most ${LOADED_DEPTH} nested chains, and chain ${chain} exceeds this limit`

export interface Refusal {
  code: 'chain-loop' | 'chain-depth'
  message: string
  /** The rule that closes the loop, or leads too deep. */
  rule: Rule
  /** Of a loop: its chains, the first one at the end again. */
  loop?: string[]
}

interface Lead {
  rule: Rule
  to: Chain
}

interface Open {
  chain: Chain
  leads: readonly Lead[]
  /** Index of the next one. */
  next: number
}

/** `sets`: where verdict maps are looked for. Each chain is looked at once. */
export function refusalOf(table: Table, sets: readonly NamedSet[]): Refusal | undefined {
  const isNft = table.kind === 'nft' || table.backend === 'nft'
  /** How many chains lead into one another from it on; 0: it is being looked at. */
  const heights = new Map<Chain, number>()
  const path: Open[] = []
  const open = (chain: Chain) => {
    heights.set(chain, 0)
    path.push({ chain, leads: leadsOf(chain, table, sets, isNft), next: 0 })
  }
  for (const base of table.chains.values()) {
    if (base.hook === undefined || heights.has(base)) continue
    open(base)
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const lead = at.leads[at.next++]
      if (!lead) {
        heights.set(at.chain, 1 + at.leads.reduce((most, { to }) => Math.max(most, heights.get(to)!), 0))
        path.pop()
        continue
      }
      const height = heights.get(lead.to)
      if (height === 0) return loopOf(path, lead)
      if (isNft && path.length + (height ?? 1) > LOADED_DEPTH)
        return { code: 'chain-depth', message: refusedDepth(lead.to.name), rule: lead.rule }
      if (height === undefined) open(lead.to)
    }
  }
  return undefined
}

function loopOf(path: readonly Open[], { rule, to }: Lead): Refusal {
  const chains = path.slice(path.findIndex(({ chain }) => chain === to)).map(({ chain }) => chain.name)
  const loop = [...chains, to.name]
  const by = rule.statements.some(({ kind }) => kind === 'goto') ? 'goto' : 'jump'
  return { code: 'chain-loop', message: refusedLoop(loop.length > MOST_NAMED ? [to.name] : loop, by), rule, loop }
}

/** A longer loop is not spelled out. */
const MOST_NAMED = 12

/** One to each chain. Behind a verdict for every packet, x_tables looks no further; nf_tables does. */
function leadsOf(chain: Chain, table: Table, sets: readonly NamedSet[], isNft: boolean): Lead[] {
  const leads = new Map<Chain, Lead>()
  for (const rule of chain.rules) {
    if (!isNft && isBareVerdict(rule, verdictOf(rule).ending)) break
    for (const name of chainsOf(rule.statements, sets)) {
      const to = table.chains.get(name)
      if (to && !leads.has(to)) leads.set(to, { rule, to })
    }
  }
  return [...leads.values()]
}
