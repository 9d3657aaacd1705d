/** `ip rule` and `ip -6 rule`, alone or after each other in one file (iproute2, ip/iprule.c print_rule). */
import type { Report } from '../../model/diagnostic.ts'

import type { RoutingRule } from '../../model/host.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { tableName, tosValue } from '../../rules/route-names.ts'
import type { HostReading } from './format.ts'
import { RULE } from './ip-rule-line.ts'
import { forEachLine, quoted } from './lines.ts'
import { nameFamilies, takeRule, type UnplacedRule } from './rule-family.ts'

/** No rule has so many selectors. */
const LONGEST = 4000

export function readIpRuleText(text: string, report: Report): HostReading {
  const rules: UnplacedRule[] = []
  forEachLine(text, (line, number) => {
    if (line.trim() === '') return
    takeRule(rules, readRule(line), () => quoted(line), number, report)
  })
  return { host: { routingRules: withKernels(nameFamilies(rules), report) } }
}

/**
 * A host without the rules that the kernel makes reaches not even itself: a listing that has none of them (`ip rule | grep
 * fwmark`) is only a part, and they are there as well.
 */
function withKernels(rules: RoutingRule[], report: Report): RoutingRule[] {
  const missing = (['ip', 'ip6'] as const).filter((family) => {
    const own = rules.filter((rule) => rule.family === family)
    return (
      own.length > 0 &&
      !own.some(({ action }) => typeof action === 'object' && 'table' in action && isKernels(action.table))
    )
  })
  if (missing.length === 0) return rules
  report('rules-left-out', "the listing lacks the kernel's own routing rules (local, main, default); nfwhy adds them")
  return [...rules, ...missing.flatMap(kernelsOf)]
}

const isKernels = (table: string): boolean => table === 'local' || table === 'main' || table === 'default'

const kernelsOf = (family: RoutingRule['family']): RoutingRule[] => [
  { family, priority: 0, action: { table: 'local' } },
  { family, priority: 32_766, action: { table: 'main' } },
  ...(family === 'ip' ? [{ family, priority: 32_767, action: { table: 'default' } }] : []),
]

function readRule(line: string): UnplacedRule | undefined {
  const [, priority, text] = (line.length < LONGEST && RULE.exec(line)) || []
  if (text === undefined) return undefined
  const rule: Partial<UnplacedRule> = {}
  const unknown: string[] = []
  const words = text.trim().split(/\s+/)
  while (words.length > 0) if (!readWord(rule, words)) unknown.push(words.splice(0, 2).join(' '))
  if (!rule.action) return undefined
  if (unknown.length > 0) rule.unknown = unknown
  return { priority: Number(priority), action: rule.action, ...rule }
}

/** Takes the words it understands from the front; false where the first is not one of them. */
function readWord(rule: Partial<UnplacedRule>, words: string[]): boolean {
  const [word, value = ''] = words
  let taken = 2
  switch (word) {
    case 'not':
      rule.not = true
      taken = 1
      break
    case 'from':
    case 'to':
      if (value !== 'all') {
        const prefix = canonicalPrefix(value)
        if (prefix === undefined) return false
        rule[word] = prefix
      }
      break
    case 'tos':
    case 'dsfield':
      if (tosValue(value) === undefined) return false
      rule.tos = tosValue(value)!
      break
    case 'fwmark': {
      const [mark, mask] = value.split('/')
      const numbers = [kernelNumber(mark), mask === undefined ? 0 : kernelNumber(mask)] as const
      if (numbers[0] === undefined || numbers[1] === undefined) return false
      rule.mark = numbers[0]
      if (mask !== undefined) rule.markMask = numbers[1]
      break
    }
    case 'iif':
      rule.in = value
      break
    case 'oif':
      rule.out = value
      break
    case 'ipproto':
      rule.protocol = value
      break
    case 'sport':
    case 'dport':
      return setRange(rule, word, words)
    case 'uidrange':
      return setRange(rule, 'uid', words)
    case 'suppress_prefixlength':
      if (kernelNumber(value) === undefined) return false
      rule.suppressPrefixLength = Number(value)
      break
    case 'suppress_ifgroup':
      rule.suppressInterfaceGroup = value
      break
    // who made it, and what tells nothing about the way
    case 'proto':
    case 'protocol':
    case 'realms':
      break
    case '[detached]':
    case '[unresolved]':
      taken = 1
      break
    default:
      return readAction(rule, words)
  }
  words.splice(0, taken)
  return true
}

function setRange(rule: Partial<UnplacedRule>, key: 'sport' | 'dport' | 'uid', words: string[]): boolean {
  const [, low, high] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(words[1] ?? '') ?? []
  if (low === undefined) return false
  rule[key] = [Number(low), Number(high ?? low)]
  words.splice(0, 2)
  return true
}

function readAction(rule: Partial<UnplacedRule>, words: string[]): boolean {
  const [word, value = ''] = words
  const action = namedAction(word, value)
  if (action === undefined) return false
  // `lookup [l3mdev-table] unreachable`: only for a VRF's packets all the same
  rule.action = rule.action === 'l3mdev' ? 'l3mdev' : action
  words.splice(0, typeof action === 'object' || word === 'lookup' ? 2 : 1)
  return true
}

function namedAction(word: string | undefined, value: string): RoutingRule['action'] | undefined {
  switch (word) {
    case 'lookup':
    case 'table':
      return value === '[l3mdev-table]' ? 'l3mdev' : { table: tableName(value) }
    case 'goto':
      return kernelNumber(value) === undefined ? undefined : { goto: Number(value) }
    case 'nop':
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return word
  }
  return undefined
}
