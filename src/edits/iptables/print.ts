/** Edits of iptables tables → the command, in iptables-save's words. */
import type { Word } from '../../model/command.ts'
import type { ChainEdit, RuleEdit } from '../../model/edit.ts'
import type { IptablesVariant } from '../../model/journey.ts'
import type { IptablesSpec } from '../../model/ruleset.ts'
import { printSpec } from '../../rules/iptables/print.ts'
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
  /** Absent: whichever is called `iptables`. */
  variant?: IptablesVariant
  /** Table filter is named, too. */
  namesFilter?: boolean
}

/** The words of the command, not yet quoted for a shell. */
export function ruleWords(edit: RuleEdit, printing: IptablesPrinting): Word[] {
  const { op, chain, ruleNumber, counters } = edit
  return [
    ...head(edit, printing),
    ...given(OPTIONS[op], positional(chain), ruleNumber),
    ...specWords(edit),
    ...(counters ? ['-c', String(counters.packets), String(counters.bytes)] : []),
  ]
}

/** Else parseCommand does not take it: nobody knows which words are options, and which their values. */
export const isUnderstood = ({ unread, matches, target }: IptablesSpec): boolean =>
  unread === undefined &&
  matches.every(({ values }) => values !== undefined) &&
  (target === undefined || target.chain === true || target.values !== undefined)

/** The rule's own. */
function specWords({ spec, family, table }: RuleEdit): Word[] {
  if (!spec) return []
  const words = splitWords(printSpec(spec, family, table))
  return isUnderstood(spec) ? words : words.map(ruleWord)
}

export function chainWords(edit: ChainEdit, printing: IptablesPrinting): Word[] {
  const { op, chain, ruleNumber, newName, policy } = edit
  const option = op === 'delete' ? '-X' : OPTIONS[op]
  const [name, other] = [chain, newName].map((one) => (one === undefined ? undefined : positional(one)))
  return [...head(edit, printing), ...given(option, name, ruleNumber, other, policy?.toUpperCase())]
}

function head({ family, table }: RuleEdit | ChainEdit, { variant, namesFilter }: IptablesPrinting): Word[] {
  const tool = family === 'ip6' ? 'ip6tables' : 'iptables'
  return [
    variant === undefined ? tool : `${tool}-${variant}`,
    ...(table === 'filter' && !namesFilter ? [] : ['-t', positional(table)]),
  ]
}

const given = (...words: (Word | number | undefined)[]): Word[] =>
  words.filter((word) => word !== undefined).map((word) => (typeof word === 'number' ? String(word) : word))
