/** Edits of iptables tables → the command, in iptables-save's words. */
import type { Word } from '../../model/command.ts'
import type { ChainEdit, RuleEdit } from '../../model/edit.ts'
import type { IptablesSpec } from '../../model/ruleset.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import { matchOfProtocol } from '../../rules/iptables/protocols.ts'
import { splitWords } from '../../rules/iptables/words.ts'
import { positional, ruleWord } from '../words.ts'

const OPTIONS: Readonly<Record<RuleEdit['op'] | ChainEdit['op'], string>> = {
  append: '-A',
  check: '-C',
  delete: '-D',
  insert: '-I',
  replace: '-R',
  new: '-N',
  policy: '-P',
  rename: '-E',
  flush: '-F',
  zero: '-Z',
}

export interface IptablesPrinting {
  /** Table filter is named, too. */
  namesFilter?: boolean
  /** As people write it: without what iptables takes for granted (`/32` behind one address, `-m tcp` behind `-p tcp`). */
  typed?: boolean
}

/** The words of the command, not yet quoted for a shell. */
export function ruleWords(edit: RuleEdit, printing: IptablesPrinting): Word[] {
  const { op, chain, ruleNumber, counters } = edit
  return [
    ...head(edit, printing),
    ...given(OPTIONS[op], positional(chain), ruleNumber),
    ...specWords(edit, printing.typed),
    ...(counters ? ['-c', String(counters.packets), String(counters.bytes)] : []),
  ]
}

/** Else parseCommand does not take it: nobody knows which words are options, and which their values. */
export const isUnderstood = ({ unread, matches, target }: IptablesSpec): boolean =>
  unread === undefined &&
  matches.every(({ values }) => values !== undefined) &&
  (target === undefined || target.chain === true || target.values !== undefined)

/** The rule's own. */
function specWords({ spec, family, table }: RuleEdit, typed = false): Word[] {
  if (!spec) return []
  const words = splitWords(printSpec(spec, family, table))
  if (!isUnderstood(spec)) return words.map(ruleWord)
  return typed ? shortened(words, family) : words
}

/** The same rule in fewer words. printSpec has addresses, interfaces and the protocol in front, each with one value. */
function shortened(words: readonly string[], family: string): string[] {
  const single = family === 'ip6' ? '/128' : '/32'
  const short: string[] = []
  let at = 0
  for (let option = ''; option !== '-p'; ) {
    const isInverted = words[at] === '!'
    option = words[isInverted ? at + 1 : at] ?? ''
    if (!/^-[sdiop]$/.test(option)) break
    const value = words[isInverted ? at + 2 : at + 1] ?? ''
    const isSingle = /^-[sd]$/.test(option) && value.endsWith(single)
    short.push(...(isInverted ? ['!'] : []), option, isSingle ? value.slice(0, -single.length) : value)
    at += isInverted ? 3 : 2
    // iptables loads this match by itself where one of its options stands behind the protocol
    if (option === '-p' && !isInverted && words[at] === '-m' && words[at + 1] === matchOfProtocol(value))
      if (/^--/.test(words[words[at + 2] === '!' ? at + 3 : at + 2] ?? '')) at += 2
  }
  return [...short, ...words.slice(at)]
}

export function chainWords(edit: ChainEdit, printing: IptablesPrinting): Word[] {
  const { op, chain, ruleNumber, newName, policy } = edit
  const option = op === 'delete' ? '-X' : OPTIONS[op]
  const [name, other] = [chain, newName].map((one) => (one === undefined ? undefined : positional(one)))
  return [...head(edit, printing), ...given(option, name, ruleNumber, other, policy?.toUpperCase())]
}

function head({ family, table, backend }: RuleEdit | ChainEdit, { namesFilter }: IptablesPrinting): Word[] {
  const tool = family === 'ip6' ? 'ip6tables' : 'iptables'
  return [
    backend === undefined ? tool : `${tool}-${backend}`,
    ...(table === 'filter' && !namesFilter ? [] : ['-t', positional(table)]),
  ]
}

const given = (...words: (Word | number | undefined)[]): Word[] =>
  words.filter((word) => word !== undefined).map((word) => (typeof word === 'number' ? String(word) : word))
