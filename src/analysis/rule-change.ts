/** Changes of one rule of a ruleset, as a person asks for them without typing a command: each becomes edits, as fixes are. */
import { fixCommands } from '../edits/fix.ts'
import { loadNft } from '../edits/later.ts'
import { editsOf } from '../edits/nft/parse.ts'
import { parseCommand } from '../edits/parse.ts'
import { editCommand } from '../edits/print.ts'
import { CommandProblem } from '../edits/problem.ts'
import { changesOf } from '../explain/changes/change.ts'
import { nftProposals } from '../explain/changes/later.ts'
import type { Change, Changing } from '../explain/changes/proposal.ts'
import { WHY_NOT } from '../explain/changes/sayable.ts'
import { withVariant } from '../explain/changes/variant.ts'
import { printCommand } from '../model/command.ts'
import type { Edit } from '../model/edit.ts'
import type { RuleRef } from '../model/journey.ts'
import { printable } from '../model/printable.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import type { RuleObject } from '../rules/nft/objects.ts'
import { pointAt } from './point-at.ts'

/** `text`: the rule's words: a change before may have given it another number. */
export interface ChangedRule {
  table: Table
  chain: string
  number: number
  text: string
}

export type RuleChange = 'off' | 'up' | 'down' | { text: string }

/** What is changed, as edits and as the commands that a person types; absent where the listing has no handles. */
export interface MadeChange {
  edits: readonly Edit[]
  command?: string
  undo?: string
}

/** Throws UserError where there is no such rule, or no command that changes it. */
export async function changeRule(world: World, rule: ChangedRule, change: RuleChange): Promise<MadeChange> {
  const { table } = rule
  if (table.kind === 'ebtables' || table.kind === 'arptables')
    throw new UserError(`nfwhy does not change rules of ${table.kind}.`)
  if (table.kind === 'nft') await Promise.all([loadNft(), nftProposals.load()])
  const chain = table.chains.get(rule.chain)
  const found = chain && placeOf(chain, rule)
  if (!chain || !found)
    throw new UserError(`Chain ${printable(rule.chain)} has no such rule any more.`, `  ${printable(rule.text)}`)
  return made(changed(found, chain, table, change), world)
}

/** The rule with this number, or the nearest one that has the same words. */
function placeOf({ rules }: Chain, { number, text }: ChangedRule): Rule | undefined {
  const alike = rules.filter((one) => one.text === text)
  const distance = ({ ruleNumber }: Rule) => Math.abs(ruleNumber - number)
  return alike.sort((a, b) => distance(a) - distance(b))[0]
}

function changed(rule: Rule, chain: Chain, table: Table, change: RuleChange): Changing {
  const ref = refOf(rule, chain, table)
  const result =
    change === 'off'
      ? changesOf(ref).remove(ref)
      : typeof change === 'object'
        ? withText(ref, table, change.text)
        : moved(rule, chain, table, change === 'up' ? -1 : 1)
  if (!result) throw new UserError('No command is known that changes this rule.', `  ${printable(rule.text)}`)
  return result
}

const refOf = ({ ruleNumber, handle, text }: Rule, { name }: Chain, { family, name: table }: Table): RuleRef => ({
  ...{ family, table, chain: name, ruleNumber, rule: text },
  ...(handle === undefined ? {} : { handle }),
})

function made(change: Changing, world: World): MadeChange {
  if ('unsayable' in change) throw new UserError(`No command is given: ${WHY_NOT[change.unsayable]}.`)
  const { command, undo } = fixCommands(withVariant({ description: '', ...change }, world))
  const why = command?.whyNot ?? undo?.whyNot
  if (!command || !undo || why) throw new UserError(`No command is given: ${WHY_NOT[why ?? 'language']}.`)
  if (change.edits.some(namesOwnHandle)) return { edits: change.edits }
  return { edits: change.edits, command: printCommand(command), undo: printCommand(undo) }
}

/** Handles of rules that were listed without. The kernel counts from 1 in each table. */
const OWN_HANDLES = 2 ** 52

const isOwn = (handle: number | undefined): boolean => handle !== undefined && handle >= OWN_HANDLES

const namesOwnHandle = (edit: Edit): boolean =>
  edit.kind === 'nft' && 'rule' in edit.object && isOwn((edit.object.rule as RuleObject['rule']).handle)

/** Rules of nft's without a handle get one for as long as they are changed. */
export function withHandles(world: World): World {
  // a rule that a command has added comes after those that have one already
  let last = OWN_HANDLES
  for (const { chains } of world.tables)
    for (const { rules } of chains.values())
      for (const { handle } of rules) if (isOwn(handle)) last = Math.max(last, handle!)
  return withRules(world, (rule) => (rule.handle === undefined ? { ...rule, handle: ++last } : rule))
}

/** The same World without these. */
export const withoutHandles = (world: World): World =>
  withRules(world, (rule) => {
    if (!isOwn(rule.handle)) return rule
    const { handle: _, ...listed } = rule
    return listed
  })

/** With other rules in nft's tables; tables of which none is another stay the very objects. */
function withRules(world: World, make: (rule: Rule) => Rule): World {
  const tables = world.tables.map((table) => {
    if (table.kind !== 'nft') return table
    let isOther = false
    const chains = [...table.chains].map(([name, chain]): [string, Chain] => {
      const rules = chain.rules.map((rule) => make(rule))
      if (rules.every((rule, i) => rule === chain.rules[i])) return [name, chain]
      isOther = true
      return [name, { ...chain, rules }]
    })
    return isOther ? { ...table, chains: new Map(chains) } : table
  })
  return tables.every((table, i) => table === world.tables[i]) ? world : { ...world, tables }
}

/** The rule with other words. Throws UserError that points at the one that is wrong. */
function withText(ref: RuleRef, table: Table, text: string): Change {
  const words = text.trim()
  if (words === '') throw new UserError('A rule needs words. To remove it, switch it off.')
  const replace = (to: string): Edit => (table.kind === 'nft' ? nftReplacing(ref, to) : iptablesReplacing(ref, to))
  return { edits: [replace(words)], undo: [replace(bare(ref.rule!))] }
}

const bare = (rule: string): string => rule.replace(/^-A (?:"(?:[^"\\]|\\.)*"|\S+) ?/, '')

function nftReplacing({ family, table, chain, handle }: RuleRef, text: string): Edit {
  const head = `replace rule ${family} ${table} ${chain} handle ${handle} `
  const wordAt = (column: number) => {
    const at = Math.max(0, column - head.length)
    return { text: /^\S*/.exec(text.slice(at))![0], column: at + 1 }
  }
  try {
    const edits = editsOf(head + text, wordAt)
    return onlyEdit(edits, text)
  } catch (problem) {
    if (!(problem instanceof CommandProblem)) throw problem
    throw pointAt('the rule', text, problem.error)
  }
}

function iptablesReplacing({ family, table, chain, ruleNumber }: RuleRef, text: string): Edit {
  const place = { kind: 'rule', op: 'replace', family: family as 'ip', table, chain, ruleNumber: ruleNumber! } as const
  const head = `${printCommand(editCommand(place))} `
  const read = parseCommand(head + text)
  if ('edits' in read) return onlyEdit(read.edits, text)
  const column = Math.max(1, read.error.column - head.length)
  throw pointAt('the rule', text, { ...read.error, column })
}

/** A line's end or `;` begins another command, and `-s A,B` means several rules. */
function onlyEdit(edits: readonly Edit[], text: string): Edit {
  const [edit, ...others] = edits
  if (edit && others.length === 0) return edit
  throw new UserError('These words are more than one rule.', `  ${printable(text)}`)
}

/** The rule and its neighbour in each other's place. */
function moved(rule: Rule, chain: Chain, table: Table, by: -1 | 1): Changing | undefined {
  const at = chain.rules.indexOf(rule)
  const other = chain.rules[at + by]
  if (!other) throw new UserError(by < 0 ? 'It is the first rule of its chain.' : 'It is the last rule of its chain.')
  return table.kind === 'nft' ? exchanged(rule, other, chain, table) : inserted(rule, other, chain, table)
}

/** Each with the other's words: handles stay, so that what is moved can be named again. */
function exchanged(rule: Rule, other: Rule, chain: Chain, table: Table): Change {
  const [ref, beside] = [refOf(rule, chain, table), refOf(other, chain, table)]
  const pair = (one: string, two: string) => [nftReplacing(beside, one), nftReplacing(ref, two)]
  return { edits: pair(rule.text, other.text), undo: pair(other.text, rule.text) }
}

/** It is put to its new place first: at no moment is it missing. */
function inserted(rule: Rule, other: Rule, chain: Chain, table: Table): Changing | undefined {
  const ref = refOf(rule, chain, table)
  const edits: Edit[][] = []
  for (const [from, to] of [
    [rule.ruleNumber, other.ruleNumber],
    [other.ruleNumber, rule.ruleNumber],
  ] as const) {
    const before = { ...ref, ruleNumber: to < from ? to : to + 1 }
    const copy = changesOf(ref).copy(ref, { chain: chain.name, before })
    const old = { ...ref, ruleNumber: to < from ? from + 1 : from }
    const removal = changesOf(ref).remove(old)
    if (!copy || !removal) return undefined
    if ('unsayable' in copy) return copy
    if ('unsayable' in removal) return removal
    edits.push([...copy.edits, ...removal.edits])
  }
  return { edits: edits[0]!, undo: edits[1]! }
}
