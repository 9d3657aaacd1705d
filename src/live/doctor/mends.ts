/** Commands that put a rule which traces where it sees the packet. */
import { nftArguments, nftName } from '../../edits/nft/print.ts'
import { positional, ruleWord } from '../../edits/words.ts'
import { command, type Word } from '../../model/command.ts'
import type { Facts } from '../survey/facts.ts'
import type { Mend } from './problem.ts'
import { deletion, iptablesCommand, nftReads, type TraceRule, wordsOf } from './rules.ts'
import type { IpFamily } from './wish.ts'

/** At most so many packets a second: a trace that floods the log helps nobody. */
const LIMIT: readonly string[] = ['-m', 'limit', '--limit', '10/second']

/** What shows the events of a rule of nf_tables, in the words of the program that made the rule. */
export function listen({ programs }: Facts, { table }: TraceRule, description = 'read the trace events'): Mend {
  const isOfIptables = table.kind === 'iptables' || (table.name === 'raw' && /^ip6?$/.test(table.family))
  const reads =
    programs.has('xtables-monitor') && (isOfIptables || !programs.has('nft'))
      ? command('xtables-monitor', '--trace')
      : command('nft', 'monitor', 'trace')
  return { description, commands: [reads], safe: false, unsafe: 'the command runs until it is stopped' }
}

/** What means something else, or nothing, in the other family; and what iptables takes in one of the two chains alone. */
const OF_ONE_FAMILY = /icmp|--match-set|-m (?:ttl|hl|realm|ah|eui64|frag|rt|dst|hbh|mh|ipv6header)\b/
const NOT_IN = { OUTPUT: /-m (?:mac|physdev|rpfilter|socket)\b/, PREROUTING: /-m (?:owner|cgroup)\b/ }

/** Does it ask for what only packets of its own family have? */
export const isOfOneFamily = ({ rule: { iptables, text } }: TraceRule): boolean =>
  iptables
    ? iptables.src !== undefined ||
      iptables.dst !== undefined ||
      iptables.fragment !== undefined ||
      OF_ONE_FAMILY.test(text)
    : /\b(?:ip6?|icmp|icmpv6) \w|\bmeta (?:nfproto|protocol)\b/.test(text)

/** The same rule for a family and hook, in the words of the program that made it; without a command where it cannot stand there as it is. */
export function copyRule(facts: Facts, trace: TraceRule, family: IpFamily, hook: 'prerouting' | 'output'): Mend {
  const { table, rule } = trace
  if (table.kind !== 'iptables') return copyOfNft(trace, family, hook)
  const { iptables } = rule
  const chain = hook === 'output' ? 'OUTPUT' : 'PREROUTING'
  const tool = `${family === 'ip6' ? 'ip6tables' : 'iptables'} -t ${table.name} -I ${chain} …`
  const byHand: Mend = {
    description: `write such a rule for chain ${chain} too (${tool}): some conditions of this rule do not mean the same there`,
    safe: false,
    unsafe: 'a person must write its conditions',
  }
  // what leads to its chain would be missing
  if (!trace.bases.some((base) => base.chain === trace.chain)) return byHand
  if (!iptables || NOT_IN[chain].test(rule.text) || (table.family !== family && isOfOneFamily(trace))) return byHand
  if (chain === 'OUTPUT' ? iptables.in?.not : iptables.out?.not) return byHand
  const words = withLimit(without(wordsOf(rule), chain === 'OUTPUT' ? '-i' : '-o')).map(ruleWord)
  const there = { ...trace, table: { ...table, family } }
  const line = (...action: Word[]) => iptablesCommand(facts, there, ...action, ...words)
  return {
    description: 'trace there too, ten packets a second at most',
    commands: [line('-I', chain, '1')],
    undo: [line('-D', chain)],
    safe: true,
  }
}

/** Before raw (-300): nothing is evaluated earlier but what is there for this. */
const FIRST = -350

/** In a chain of its own, so that its undo needs no handle. */
function copyOfNft({ table, chain, rule, bases }: TraceRule, family: IpFamily, hook: 'prerouting' | 'output'): Mend {
  const name = `trace-${hook}`
  const asks = /\b(?:[io]if\w*|[io]brname|fib|ether|vlan|socket|rt|skuid|skgid|cgroup)\b/.test(rule.text)
  if (table.family !== family && table.family !== 'inet')
    return {
      description: 'add the same rule to a table of family inet, which sees both',
      safe: false,
      unsafe: 'a person must write the match for the other family',
    }
  const isInBase = bases.some((base) => base.chain === chain)
  if (asks || !isInBase || !nftReads(rule) || table.chains.has(name))
    return {
      description: `add the rule to a base chain with hook ${hook} too, at a priority below -300`,
      safe: false,
      unsafe: 'a person must write its conditions',
    }
  const where = [table.family, nftName(table.name), nftName(name)]
  return {
    description: 'trace there too',
    commands: [
      nftArguments('add', 'chain', ...where, `{ type filter hook ${hook} priority ${FIRST}; }`),
      nftArguments('add', 'rule', ...where, rule.text),
    ],
    undo: [nftArguments('flush', 'chain', ...where), nftArguments('delete', 'chain', ...where)],
    safe: false,
    unsafe: 'it may trace many packets',
  }
}

function without(words: readonly string[], option: string): readonly string[] {
  const at = words.indexOf(option)
  return at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)]
}

const isLimited = (words: readonly string[]): boolean => words.includes('limit') || words.includes('hashlimit')

function withLimit(words: readonly string[]): readonly string[] {
  if (isLimited(words)) return words
  const target = words.lastIndexOf('-j')
  return [...words.slice(0, target), ...LIMIT, ...words.slice(target)]
}

export function moveToFront(facts: Facts, trace: TraceRule): Mend {
  const { table, chain, rule, bases } = trace
  const description = bases.some((base) => base.chain === chain)
    ? 'move it to the front'
    : 'move it to the front; the jump to its chain may have to move too'
  const { commands, undo } = deletion(facts, trace)
  if (table.kind === 'iptables') {
    const words = wordsOf(rule)
    const front = iptablesCommand(facts, trace, '-I', positional(chain.name), '1', ...words.map(ruleWord))
    const byWords = iptablesCommand(facts, trace, '-D', positional(chain.name), ...words.map(ruleWord))
    const limited = isLimited(words)
    return {
      description,
      commands: [...commands, front],
      // at the front it is the first that says the same
      undo: [byWords, ...(undo ?? [])],
      safe: limited,
      ...(limited ? {} : { unsafe: 'it has no limit, so at the front it traces every packet that it matches' }),
    }
  }
  if (!nftReads(rule))
    return { description: `${description}, with the iptables-nft that wrote it: nft has no words for it`, safe: false }
  return {
    description,
    commands: [
      ...commands,
      nftArguments('insert', 'rule', table.family, nftName(table.name), nftName(chain.name), rule.text),
    ],
    safe: false,
    unsafe: 'the moved rule may trace many more packets, and gets a new handle',
  }
}
