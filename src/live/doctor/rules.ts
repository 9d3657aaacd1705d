/** The rules of a place as the close look brought them, and which of them begin a trace, where, and for what. */

import { nftArguments, nftName } from '../../edits/nft/print.ts'
import { positional, ruleWord } from '../../edits/words.ts'
import { type Command, command, type Word } from '../../model/command.ts'
import type { Hook } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import type { Family } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'
import { emptyWorld, type World } from '../../model/world.ts'
import { readIptablesSave } from '../../read/rulesets/iptables-save.ts'
import { readNft } from '../../read/rulesets/nft-text.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { splitWords } from '../../rules/iptables/words.ts'
import type { Truth } from '../../rules/truth.ts'
import { type Facts, legacyTables } from '../survey/facts.ts'
import type { IpFamily, Wish } from './wish.ts'

/** A base chain that leads to a rule; the rule may stand in it. */
export interface Base {
  chain: Chain
  hook: Hook
  priority: number
  /** The rule of the base chain through which the way leads; the trace rule itself, if it stands there. */
  through: Rule
}

export interface TraceRule {
  backend: 'legacy' | 'nft'
  table: Table
  chain: Chain
  rule: Rule
  /** Where packets come from to it; empty: from nowhere, so that it never traces. */
  bases: readonly Base[]
}

export interface Rules {
  world: World
  traces: readonly TraceRule[]
}

export const rulesOf = memo(readRules)

function readRules({ texts }: Facts): Rules {
  const world = emptyWorld()
  const ignore = () => {}
  const saved = (name: string): Table[] =>
    readIptablesSave((texts.get(name) ?? []).join('\n'), ignore).flatMap(({ tables }) => tables)
  const families = ['ip', 'ip6'] as const
  for (const family of families)
    for (const name of ['raw', 'filter'])
      for (const table of saved(`${family}-${name}`)) world.tables.push({ ...table, family, backend: 'legacy' })
  // its sets come without their elements, so what hangs on them stays unknown
  for (const { tables } of readNft((texts.get('nft') ?? []).join('\n'), ignore))
    for (const table of tables) world.tables.push(table)
  for (const family of families)
    for (const table of saved(`${family}-nft-raw`))
      putSaved(world, { ...table, family, backend: 'nft' }, texts.has('nft'))
  return { world, traces: world.tables.flatMap(tracesOf) }
}

/** In place of what nft tells of the same table, where both have the same rules. `told`: nft has told its tables. */
function putSaved({ tables }: World, saved: Table, told: boolean): void {
  const at = tables.findIndex(
    ({ kind, family, name }) => kind === 'nft' && family === saved.family && name === saved.name,
  )
  const same = [...(tables[at]?.chains.values() ?? [])].every(
    ({ name, rules }) => saved.chains.get(name)?.rules.length === rules.length,
  )
  if (at >= 0 && same) tables[at] = saved
  else if (!told) tables.push(saved)
}

const setsTrace = ({ statements }: Rule): boolean => statements.some(({ kind }) => kind === 'trace')

function tracesOf(table: Table): TraceRule[] {
  const found: TraceRule[] = []
  for (const chain of table.chains.values())
    for (const rule of chain.rules)
      if (setsTrace(rule)) {
        const backend = table.backend === 'legacy' ? 'legacy' : 'nft'
        found.push({ backend, table, chain, rule, bases: basesOf(table, chain, rule) })
      }
  return found
}

function basesOf(table: Table, chain: Chain, rule: Rule): Base[] {
  // a dormant table's chains hang on no hook
  if (table.flags?.includes('dormant')) return []
  const found: Base[] = []
  for (const base of table.chains.values()) {
    if (base.hook === undefined || base.priority === undefined) continue
    const through = base === chain ? rule : base.rules.find((one) => leadsTo(table, one, chain.name, new Set()))
    if (through) found.push({ chain: base, hook: base.hook, priority: base.priority, through })
  }
  return found
}

/** `wanted`: the name of a chain; `seen`: chains that were looked into. */
export function leadsTo(table: Table, { statements }: Rule, wanted: string, seen: Set<string>): boolean {
  return statements.flatMap(targetsOf).some((target) => {
    // where a map leads is not known without its elements
    if (target === wanted || target === undefined) return true
    if (seen.has(target)) return false
    seen.add(target)
    return table.chains.get(target)?.rules.some((rule) => leadsTo(table, rule, wanted, seen)) ?? false
  })
}

/** Chains that it may lead to; undefined among them: which, is not known. */
function targetsOf(statement: Statement): (string | undefined)[] {
  if (statement.kind === 'jump' || statement.kind === 'goto') return [statement.chain]
  if (statement.kind !== 'vmap') return []
  const { elements } = statement.map.nft
  if (!elements) return [undefined]
  return elements.flatMap(({ data = [] }) => data.flatMap((word) => /^(?:jump|goto) (\S+)$/.exec(word)?.[1] ?? []))
}

/** Of a session: `nfwhy-12`; or `nfwhy`, as the README makes one by hand. */
export const isOwnTable = ({ kind, name }: Table): boolean => kind === 'nft' && /^nfwhy(?:-\d+)?$/.test(name)

/** Only then may be said that no rule does something. */
export const seesAllRules = (facts: Facts): boolean =>
  (facts.texts.has('nft') || facts.nftNotLoaded === true || !facts.programs.has('nft')) &&
  (['ip', 'ip6'] as const).every((family) => legacyTables(facts, family) !== undefined) &&
  ![...facts.refused.keys()].some((name) => /^(?:nft|ip6?-(?:nft-)?raw)$/.test(name))

/** Does it see packets of this family at all? */
export const sees = ({ table }: TraceRule, family: IpFamily): boolean =>
  table.family === family || table.family === 'inet' || table.family === 'netdev'

/** Could it trace a packet that is wished? */
export const mayMatch = (trace: TraceRule, wish: Wish, world: World): boolean =>
  wish.families.some(
    (family) =>
      sees(trace, family) &&
      trace.bases.some(({ hook }) => holdsFor(trace.rule, { ...wish, families: [family] }, world, hook) !== false),
  )

/** Does the rule hold for what is wished, as far as the filter tells? */
function holdsFor({ conditions }: Rule, { packet, families }: Wish, world: World, hook?: Hook): Truth {
  const [family, ...others] = families
  const of = (one: Family) => evaluateAll(conditions, { packet, family: one, world, ...(hook ? { hook } : {}) })
  const first = of(family!)
  // of two families, what holds for one alone does not hold for the wish
  return others.every((other) => of(other) === first) ? first : { unknown: 'unknown family' }
}

/** `ip raw PREROUTING rule 1`, `inet nfwhy pre handle 3`. */
export function nameOf({ backend, table, chain, rule }: TraceRule): string {
  const where = `${table.family} ${table.name} ${chain.name}`
  return backend === 'nft' && rule.handle !== undefined
    ? `${where} handle ${rule.handle}`
    : `${where} ${rule.ruleNumber}`
}

/** As a listing shows it, with its place: no command that would put it elsewhere. */
export const lineOf = (trace: TraceRule): string => `${nameOf(trace)}: ${trace.rule.text.replace(/^-A \S+ /, '')}`

/** Which program speaks to legacy tables here. */
const legacyTool = ({ programs }: Facts, family: string): string => {
  const name = family === 'ip6' ? 'ip6tables' : 'iptables'
  return programs.has(`${name}-legacy`) ? `${name}-legacy` : name
}

/** What stands behind `-A CHAIN` in a rule of iptables, each word by itself. */
export const wordsOf = ({ text }: Rule): string[] => splitWords(text).slice(2)

const iptablesTool = (facts: Facts, backend: TraceRule['backend'], family: string): string => {
  const name = family === 'ip6' ? 'ip6tables' : 'iptables'
  return backend === 'legacy' ? legacyTool(facts, family) : facts.programs.has(`${name}-nft`) ? `${name}-nft` : name
}

/** Of iptables itself, in the rule's own table. */
export const iptablesCommand = (facts: Facts, { backend, table }: TraceRule, ...action: Word[]): Command =>
  command(iptablesTool(facts, backend, table.family), '-w', '-t', table.name, ...action)

/** What iptables-nft keeps in a form of its own, nft prints and does not read. */
export const nftReads = ({ text }: Rule): boolean => !/(?:^|\s)(?:xt |#)/.test(text)

/** Takes the rule away, and puts it back where it was. */
export function deletion(facts: Facts, trace: TraceRule): { commands: Command[]; undo?: Command[] } {
  const { table, chain, rule } = trace
  if (table.kind === 'iptables') {
    const [name, words] = [positional(chain.name), wordsOf(rule).map(ruleWord)]
    const number = String(rule.ruleNumber)
    // by its words, iptables deletes the first rule that says the same
    const isFirst = chain.rules.findIndex(({ text }) => text === rule.text) === rule.ruleNumber - 1
    return {
      commands: [iptablesCommand(facts, trace, '-D', name, ...(isFirst ? words : [number]))],
      undo: [iptablesCommand(facts, trace, '-I', name, number, ...words)],
    }
  }
  const where = [table.family, nftName(table.name), nftName(chain.name)]
  const before = chain.rules[rule.ruleNumber - 2]
  const place = before?.handle === undefined ? [] : ['handle', String(before.handle)]
  return {
    commands: [nftArguments('delete', 'rule', ...where, 'handle', String(rule.handle))],
    // nft joins its words
    ...(nftReads(rule)
      ? { undo: [nftArguments(before ? 'add' : 'insert', 'rule', ...where, ...place, rule.text)] }
      : {}),
  }
}
