/**
 * The way of one packet through chains, as its lines in the rules' own order allow it (ipt_do_table): where it is
 * after a jump, a goto, a return. Every line has to be one that the kernel could print there.
 */
import { type Hook, IPTABLES_HOOKS } from '../../../src/model/hook.ts'
import type { Line } from './lines.ts'
import { chainKey, type Saved, type SavedRule } from './rules.ts'
import type { Traversal } from './traversals.ts'

export interface WalkedStep {
  line: Line
  kind: 'rule' | 'return' | 'policy' | 'log'
  hook: Hook
  table: string
  chain: string
  ruleNumber: number
  depth: number
  rule?: SavedRule
  /** What the packet traverses next: another line of this table, the next table, or nothing. */
  ends: 'goes on' | 'accepted' | 'dropped' | 'rejected' | 'queued'
}

export const ENDS: Readonly<Record<string, WalkedStep['ends']>> = {
  ACCEPT: 'accepted',
  DROP: 'dropped',
  REJECT: 'rejected',
  NFQUEUE: 'queued',
  DNAT: 'accepted',
  SNAT: 'accepted',
  REDIRECT: 'accepted',
  MASQUERADE: 'accepted',
  NETMAP: 'accepted',
}

/** Which tables a hook calls, in this order; nat only for the first packet of a flow. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  PREROUTING: ['raw', 'mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'security', 'nat'],
  FORWARD: ['mangle', 'filter', 'security'],
  OUTPUT: ['raw', 'mangle', 'nat', 'filter', 'security'],
  POSTROUTING: ['mangle', 'nat'],
}
/** From hook to hook; to itself over lo behind POSTROUTING. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  PREROUTING: ['INPUT', 'FORWARD'],
  INPUT: [],
  FORWARD: ['POSTROUTING'],
  OUTPUT: ['POSTROUTING'],
  POSTROUTING: ['PREROUTING'],
}

interface Place {
  chain: string
  /** Of the last rule met there. */
  number: number
  depth: number
}

/** Throws where the lines are no walk through these rules. */
export function walkLines({ lines }: Traversal, saved: Saved): WalkedStep[] {
  const steps: WalkedStep[] = []
  /** Where the packet is, the base chain first; empty: between two tables. */
  let places: Place[] = []
  let now: { table: string; base: string; hook: Hook } | undefined
  /** The chain that the next line must be in. */
  let expected: string | undefined
  for (const line of lines) {
    const fail = (why: string): never => {
      throw new Error(`${why}\n${lines.map(({ text }) => (text === line.text ? `> ${text}` : `  ${text}`)).join('\n')}`)
    }
    if (!line.point) {
      const before = steps.at(-1)
      if (before?.rule?.target !== 'LOG') return fail('a line of LOG that does not stand behind its rule')
      steps.push({ ...before, line, kind: 'log' })
      continue
    }
    const { table, chain: name, type, number } = line.point
    const chain = saved.get(chainKey(table, name)) ?? fail(`no chain ${name} in table ${table}`)
    if (!now || places.length === 0) {
      const hook = IPTABLES_HOOKS[name] ?? fail(`a table begins with its base chain, not with ${name}`)
      const skipped = now ? between(now, { table, base: name }) : []
      if (skipped === undefined) fail(`${table} ${name} does not come behind ${now!.table} ${now!.base}`)
      const missed = skipped!.filter(([hop, one]) => one !== 'nat' && saved.has(chainKey(one!, hop!)))
      if (missed.length > 0) fail(`no line of ${missed.map(([hop, one]) => `${one} ${hop}`)}`)
      now = { table, base: name, hook }
      places = [{ chain: name, number: 0, depth: 0 }]
      expected = name
    }
    if (table !== now.table) fail(`table ${now.table} is not done`)
    if (name !== expected) fail(`the next line has to be in ${expected}`)
    const place = places.at(-1)!
    if (number <= place.number || number > chain.rules.length + 1)
      fail(`rule ${number} cannot come behind ${place.number}`)
    place.number = number
    const step: WalkedStep = {
      line,
      kind: 'rule',
      hook: now.hook,
      table,
      chain: name,
      ruleNumber: number,
      depth: place.depth,
      ends: 'goes on',
    }
    steps.push(step)
    const rule = chain.rules[number - 1]
    const unconditional = rule !== undefined && /^-A \S+ -j (ACCEPT|DROP|RETURN)$/.test(rule.text)
    const shown = rule && !unconditional ? 'rule' : chain.policy ? 'policy' : 'return'
    if (type !== shown) fail(`the kernel had to print ${shown}`)
    if (rule) {
      step.rule = rule
      step.ends = (rule.target && ENDS[rule.target]) || 'goes on'
      if (rule.target === 'RETURN') leave()
      else if (rule.target && saved.has(chainKey(table, rule.target))) {
        // a chain that is left by goto is not come back to; of a base chain, only the policy is left
        if (rule.goto && places.length > 1) places.pop()
        else if (rule.goto) place.number = chain.rules.length
        places.push({ chain: rule.target, number: 0, depth: place.depth + (rule.goto ? 0 : 1) })
      }
    } else if (chain.policy) {
      step.kind = 'policy'
      step.ends = chain.policy === 'ACCEPT' ? 'accepted' : 'dropped'
    } else {
      step.kind = 'return'
      leave()
    }
    if (step.ends !== 'goes on') places = []
    expected = places.at(-1)?.chain

    function leave(): void {
      if (places.length > 1) places.pop()
      else place.number = chain.rules.length
    }
  }
  if (places.length > 0) throw new Error(`the walk is not done\n${lines.map(({ text }) => text).join('\n')}`)
  return steps
}

/** The base chains that lie between two, as [chain, table]; undefined where the second does not come behind the first. */
function between(from: { table: string; base: string }, to: { table: string; base: string }): string[][] | undefined {
  const behind = (base: string, table: string) => ORDER[base]!.slice(ORDER[base]!.indexOf(table) + 1)
  const before = (base: string, table: string) => ORDER[base]!.slice(0, ORDER[base]!.indexOf(table))
  const at = (base: string, tables: readonly string[]) => tables.map((table) => [base, table])
  if (from.base === to.base) {
    const way = behind(from.base, from.table)
    return way.includes(to.table) ? at(to.base, way.slice(0, way.indexOf(to.table))) : undefined
  }
  const rest = at(from.base, behind(from.base, from.table))
  if (NEXT[from.base]!.includes(to.base)) return [...rest, ...at(to.base, before(to.base, to.table))]
  // a hook in between that has no chains
  for (const hop of NEXT[from.base]!)
    if (NEXT[hop]!.includes(to.base))
      return [...rest, ...at(hop, ORDER[hop]!), ...at(to.base, before(to.base, to.table))]
  return undefined
}
