/** What -A, -I, -R, -D and -C do to a chain (libiptc/libiptc.c, 1.8.9). */
import type { RuleEdit } from '../../model/edit.ts'
import type { Chain, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import { closest } from '../../rules/closest.ts'
import type { IpFamily } from '../../rules/iptables/extension.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import { findTarget, TARGETS } from '../../rules/iptables/registry.ts'
import { ruleOf, ruleText } from '../../rules/iptables/rule.ts'
import type { Draft } from '../draft.ts'
import { didYouMean, EditProblem } from '../problem.ts'
import { chainIn } from './chains.ts'
import { refusePlace } from './place.ts'
import { refuseUnknownSets } from './sets.ts'

/** Throws EditProblem. */
export function editRule(edit: RuleEdit, draft: Draft): void {
  const { op, family } = edit
  const asItIs = draft.tableAsItIs(edit)
  const before = chainIn(asItIs, edit.chain)
  const spec = edit.spec && withTarget(edit.spec, asItIs, family)
  if (spec) refuseUnknownSets(spec, family, draft.world)
  const at = placeOf(edit, before, spec, asItIs)
  draft.work += op === 'append' ? 0 : at
  if (op === 'check') return
  const table = draft.table(edit)
  const chain = draft.chain(table, edit.chain)!
  const added = spec && op !== 'delete' ? [newRule(edit, spec, at + 1)] : []
  const removed = chain.rules.splice(at, op === 'delete' || op === 'replace' ? 1 : 0, ...added)
  if (op === 'insert' || op === 'delete') draft.renumber(chain)
  try {
    refusePlace(removed[0], added[0], chain, table, draft)
  } catch (problem) {
    chain.rules.splice(at, added.length, ...removed)
    throw problem
  }
}

/** Index of the rule that is meant, or of the new one. */
function placeOf({ op, ruleNumber }: RuleEdit, chain: Chain, spec: IptablesSpec | undefined, table: Table): number {
  const { length } = chain.rules
  if (op === 'append') return length
  if (op === 'insert' || ruleNumber !== undefined) {
    const number = ruleNumber ?? 1
    if (number > length + (op === 'insert' ? 1 : 0))
      throw new EditProblem(`${chainName(chain, table)} has ${count(length)}, so number ${number} does not exist`)
    return number - 1
  }
  const words = comparedWords(spec!, table)
  const at = chain.rules.findIndex(({ iptables }) => iptables && comparedWords(iptables, table) === words)
  if (at < 0) throw new EditProblem(`${chainName(chain, table)} has no such rule`)
  return at
}

/** Matches whose options iptables forgets to compare: they have no `userspacesize` (extensions/libxt_NAME.c, 1.8.9). */
const NOT_COMPARED = ['helper', 'connlabel']

/** iptables compares what the kernel has of two rules; in canonical words, the same rules read the same. */
function comparedWords(spec: IptablesSpec, { family, name }: Table): string {
  const known = compared.get(spec)
  if (known?.table === name) return known.words
  const matches = spec.matches.map((match) => (NOT_COMPARED.includes(match.name) ? { name: match.name } : match))
  const words = printSpec({ ...spec, matches }, family as IpFamily, name)
  compared.set(spec, { table: name, words })
  return words
}

/** A script that deletes thousands of rules asks each of them each time. No memo: of the latest table alone. */
const compared = new WeakMap<IptablesSpec, { table: string; words: string }>()

const count = (rules: number): string => (rules === 1 ? '1 rule' : `${rules === 0 ? 'no' : rules} rules`)

const chainName = (chain: Chain, table: Table): string => `chain ${chain.name} of table ${table.name}`

/** A chain goes before a target of the same name; throws where there is neither. */
function withTarget(spec: IptablesSpec, table: Table, family: IpFamily): IptablesSpec {
  const { target } = spec
  if (!target) return spec
  const chain = table.chains.get(target.name)
  if (chain?.hook) throw new EditProblem(`${target.name} is a built-in chain, and no rule can jump to a built-in chain`)
  if (chain) {
    if (target.chain) return spec
    return { ...spec, target: { name: target.name, chain: true, ...(target.goto ? { goto: true } : {}) } }
  }
  if (!target.chain) return spec
  const names = [...userChains(table), ...(target.goto ? [] : targetNames(family))]
  throw new EditProblem(
    `there is no chain ${target.name} in table ${table.name}${target.goto ? '' : ', and no target of this name'}` +
      didYouMean(closest(target.name, names)),
  )
}

const userChains = ({ chains }: Table): string[] =>
  [...chains.values()].filter(({ hook }) => hook === undefined).map(({ name }) => name)

const targetNames = (family: IpFamily): string[] =>
  TARGETS.filter(({ name }) => findTarget(name, family)).map(({ name }) => name)

function newRule({ family, table, chain, counters }: RuleEdit, spec: IptablesSpec, ruleNumber: number): Rule {
  const rule = ruleOf(spec, ruleText(chain, spec, family, table), ruleNumber, family, table)
  return { ...rule, counters: counters ?? { packets: 0, bytes: 0 } }
}
