/** Edits of iptables tables → the command, in iptables-save's words. */
import type { ChainEdit, RuleEdit } from '../../model/edit.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import { splitWords } from '../../rules/iptables/words.ts'

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

/** The words of the command, not yet quoted for a shell. */
export function ruleWords({ op, family, table, chain, ruleNumber, spec, counters }: RuleEdit): string[] {
  return [
    ...head(family, table),
    ...given(OPTIONS[op], chain, ruleNumber),
    ...(spec ? splitWords(printSpec(spec, family, table)) : []),
    ...(counters ? ['-c', String(counters.packets), String(counters.bytes)] : []),
  ]
}

export function chainWords({ op, family, table, chain, ruleNumber, newName, policy }: ChainEdit): string[] {
  const option = op === 'delete' ? '-X' : OPTIONS[op]
  return [...head(family, table), ...given(option, chain, ruleNumber, newName, policy?.toUpperCase())]
}

const head = (family: 'ip' | 'ip6', table: string): string[] => [
  family === 'ip6' ? 'ip6tables' : 'iptables',
  ...(table === 'filter' ? [] : ['-t', table]),
]

const given = (...words: (string | number | undefined)[]): string[] =>
  words.filter((word) => word !== undefined).map(String)
