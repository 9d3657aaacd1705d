/** `ip rule …` → edits (iproute2 6.1, ip/iprule.c iprule_modify). */
import type { RoutingRuleEdit } from '../../model/edit.ts'
import type { RoutingRule } from '../../model/host.ts'
import { closest } from '../../rules/closest.ts'
import { protocolName, protocolNumber } from '../../rules/iptables/protocols.ts'
import { everywhere, type IpFamily } from '../../rules/prefixes.ts'
import { tableName } from '../../rules/route-names.ts'
import type { ShellWord } from '../shell.ts'
import { begins, oneOf, readPrefix, refuse, tosOf, type Words } from './words.ts'

const OPS = ['list', 'lst', 'show', 'save', 'restore', 'add', 'delete', 'flush', 'help'] as const

/** The words behind `ip rule`. Throws CommandProblem. */
export function parseRoutingRule(words: Words, family: IpFamily | undefined): RoutingRuleEdit[] {
  const word = words.take()
  const op = word ? oneOf(word, OPS, 'is not a command of ip rule') : 'list'
  if (op === 'restore') refuse(word!, 'reads a file that nfwhy does not have: give the rules in commands instead')
  if (op === 'flush') {
    const more = words.take()
    if (more) refuse(more, 'is not understood here: flush removes all rules')
    return [{ kind: 'routing-rule', op, rule: { family: family ?? 'ip' } }]
  }
  if (op !== 'add' && op !== 'delete') return []
  if (!words.peek()) words.need('the condition of the rule')
  const rule = new RuleParser(words, family).read()
  if (op === 'add') rule.action ??= { table: 'main' }
  return [{ kind: 'routing-rule', op: op === 'add' ? 'add' : 'del', rule }]
}

const OPTIONS = [
  ...[
    'not',
    'from',
    'to',
    'preference',
    'order',
    'priority',
    'tos',
    'dsfield',
    'fwmark',
    'realms',
    'protocol',
    'table',
  ],
  ...['lookup', 'suppress_prefixlength', 'sup_pl', 'suppress_ifgroup', 'sup_group', 'dev', 'iif', 'oif', 'l3mdev'],
  ...['uidrange', 'ipproto', 'sport', 'dport', 'goto', 'nop', 'blackhole', 'unreachable', 'prohibit', 'type'],
]

/** Those that may be cut short. */
const SHORTENED = ['to', 'preference', 'order', 'priority', 'realms', 'protocol', 'table', 'lookup']

class RuleParser {
  private readonly words: Words
  private family: IpFamily | undefined
  private readonly rule: Partial<RoutingRule> = {}

  constructor(words: Words, family: IpFamily | undefined) {
    this.words = words
    this.family = family
  }

  read(): RoutingRuleEdit['rule'] {
    for (let word = this.words.take(); word; word = this.words.take()) {
      const { text } = word
      const option = OPTIONS.find((one) => one === text) ?? SHORTENED.find((one) => begins(one, text))
      if (!option) refuse(word, 'is not understood in a rule', closest(text, OPTIONS))
      this.readOption(option, word)
    }
    return { ...this.rule, family: this.family ?? 'ip' }
  }

  private readOption(option: string, word: ShellWord): void {
    const { rule, words } = this
    switch (option) {
      case 'not':
        rule.not = true
        break
      case 'from':
      case 'to':
        this.readNetwork(option, words.need(`the network after ${option}`))
        break
      case 'preference':
      case 'order':
      case 'priority':
        rule.priority = words.number(word)
        break
      case 'tos':
      case 'dsfield':
        this.readTos(words.need(`the value after ${word.text}`))
        break
      case 'fwmark':
        this.readMark(words.need('the mark'))
        break
      case 'dev':
      case 'iif':
        rule.in = words.device(word)
        break
      case 'oif':
        rule.out = words.device(word)
        break
      case 'suppress_prefixlength':
      case 'sup_pl':
        rule.suppressPrefixLength = words.number(word)
        break
      case 'suppress_ifgroup':
      case 'sup_group':
        rule.suppressInterfaceGroup = words.need('the group').text
        break
      case 'uidrange':
        rule.uid = this.readRange(words.need('the range of users'), true)
        break
      case 'sport':
      case 'dport':
        rule[option] = this.readRange(words.need(`the ports after ${option}`), false)
        break
      case 'ipproto':
        this.readProtocol(words.need('the protocol'))
        break
      case 'protocol':
      case 'realms':
        words.need(`the value after ${word.text}`)
        break
      case 'type':
        break
      default:
        rule.action = this.readAction(option, word)
    }
  }

  private readNetwork(side: 'from' | 'to', word: ShellWord): void {
    const { family, prefix } = readPrefix(word, this.family)
    if (!/^(default|any|all)$/.test(word.text)) this.family ??= family
    if (prefix !== everywhere('ip') && prefix !== everywhere('ip6')) this.rule[side] = prefix
  }

  private readTos(word: ShellWord): void {
    const value = tosOf(word)
    if (value > 0) this.rule.tos = value
  }

  private readMark(word: ShellWord): void {
    const [, mark, mask] = /^(0x[\da-f]+|\d+)(?:\/(0x[\da-f]+|\d+))?$/i.exec(word.text) ?? []
    if (mark === undefined) refuse(word, 'is not MARK or MARK/MASK')
    this.rule.mark = Number(mark)
    const bits = mask === undefined ? 0xffffffff : Number(mask)
    if (bits !== 0xffffffff) this.rule.markMask = bits
  }

  private readRange(word: ShellWord, whole: boolean): [number, number] {
    const [, low, high] = /^(\d+)(?:-(\d+))?$/.exec(word.text) ?? []
    if (low === undefined || (whole && high === undefined)) refuse(word, 'is not a range FROM-TO')
    return [Number(low), Number(high ?? low)]
  }

  private readProtocol(word: ShellWord): void {
    const number = protocolNumber(word.text)
    if (!number) refuse(word, 'is not a protocol')
    this.rule.protocol = protocolName(number)
  }

  private readAction(option: string, word: ShellWord): RoutingRule['action'] {
    switch (option) {
      case 'table':
      case 'lookup':
        return { table: tableName(this.words.table(word)) }
      case 'goto':
        return { goto: this.words.number(word) }
      case 'nop':
      case 'l3mdev':
      case 'blackhole':
      case 'unreachable':
      case 'prohibit':
        return option
    }
    return refuse(word, 'is not understood in a rule')
  }
}
