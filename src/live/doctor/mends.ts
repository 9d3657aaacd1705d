/** Commands that put a rule which traces where it sees the packet. */
import { nftArguments, nftName } from '../../edits/nft/print.ts'
import { positional, ruleWord } from '../../edits/words.ts'
import { command, type Word } from '../../model/command.ts'
import type { Facts } from '../survey/facts.ts'
import type { Mend } from './problem.ts'
import { deletion, legacyTool, type TraceRule, wordsOf } from './rules.ts'
import type { IpFamily } from './wish.ts'

/** At most so many packets a second: a trace that floods the log helps nobody. */
const LIMIT: readonly string[] = ['-m', 'limit', '--limit', '10/second']

/** The same rule of iptables-legacy for a family and chain; undefined where it cannot stand there as it is. */
export function copyRule(
  facts: Facts,
  { backend, table, rule }: TraceRule,
  family: IpFamily,
  chain: string,
): Mend | undefined {
  const { iptables } = rule
  if (backend !== 'legacy' || !iptables || !/^(?:PREROUTING|OUTPUT)$/.test(chain)) return undefined
  const other = table.family !== family
  // what means something else in the other family
  if (other && (iptables.src || iptables.dst || /icmp/.test(rule.text) || iptables.fragment)) return undefined
  if (chain === 'OUTPUT' ? iptables.in?.not : iptables.out?.not) return undefined
  const words = withLimit(without(wordsOf(rule), chain === 'OUTPUT' ? '-i' : '-o'))
  const line = (...action: Word[]) =>
    command(legacyTool(facts, family), '-w', '-t', 'raw', ...action, ...words.map(ruleWord))
  return {
    description: `trace there too, ten packets a second at most`,
    commands: [line('-I', chain, '1')],
    undo: [line('-D', chain)],
    safe: true,
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
  const { backend, table, chain, rule, bases } = trace
  const description = bases.some((base) => base.chain === chain)
    ? 'move it to the front'
    : 'move it to the front; the jump to its chain may have to move too'
  const words = wordsOf(rule)
  const { commands, undo } = deletion(facts, trace)
  if (backend === 'legacy') {
    const tool = legacyTool(facts, table.family)
    const place = ['-w', '-t', table.name, '-I', positional(chain.name), '1']
    const front = command(tool, ...place, ...words.map(ruleWord))
    const limited = isLimited(words)
    return {
      description,
      // in this order, both name this rule and no other that says the same
      commands: [...commands, front],
      undo: [...commands, ...(undo ?? [])],
      safe: limited,
      ...(limited ? {} : { unsafe: 'it has no limit, so at the front it traces every packet that it matches' }),
    }
  }
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
