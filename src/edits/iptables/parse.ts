/**
 * `iptables …` → edits. Follows iptables 1.8.9 (iptables/xshared.c do_parse, iptables.c do_command4): what it refuses
 * without looking at the kernel's tables is refused here, in its order of things but in our words.
 */
import type { ChainEdit, Edit, IptablesVariant, RuleEdit } from '../../model/edit.ts'
import { IPTABLES_TABLES } from '../../model/hook.ts'
import type { IptablesSpec } from '../../model/ruleset.ts'
import { closest } from '../../rules/closest.ts'
import { builtInChains } from '../../rules/iptables/built-in.ts'
import type { IpFamily } from '../../rules/iptables/extension.ts'
import { type CommandOption, type ReadRule, readRule } from '../../rules/iptables/read.ts'
import { findTarget } from '../../rules/iptables/registry.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { ruleProblem } from './rule-problem.ts'

/** The words behind the tool's name; `name` is that name. Throws CommandProblem. */
export function parseIptables(words: readonly ShellWord[], family: IpFamily, name: ShellWord): Edit[] {
  return new IptablesParser(words, family, name).edits()
}

/** Commands by their letter: `chain` and what else follows it. */
interface Syntax {
  chain: 'needed' | 'optional'
  behind?: 'number' | 'optional number' | 'name'
  /** The rule's own words follow. */
  rule?: true
}

const COMMANDS: Readonly<Record<string, Syntax>> = {
  A: { chain: 'needed', rule: true },
  C: { chain: 'needed', rule: true },
  D: { chain: 'needed', behind: 'optional number', rule: true },
  I: { chain: 'needed', behind: 'optional number', rule: true },
  R: { chain: 'needed', behind: 'number', rule: true },
  N: { chain: 'needed' },
  P: { chain: 'needed', behind: 'name' },
  E: { chain: 'needed', behind: 'name' },
  F: { chain: 'optional' },
  X: { chain: 'optional' },
  Z: { chain: 'optional', behind: 'optional number' },
  L: { chain: 'optional', behind: 'optional number' },
  S: { chain: 'optional', behind: 'optional number' },
}
const RULE_OPS: Readonly<Record<string, RuleEdit['op']>> = {
  A: 'append',
  C: 'check',
  D: 'delete',
  I: 'insert',
  R: 'replace',
}
const CHAIN_OPS: Readonly<Record<string, ChainEdit['op']>> = {
  N: 'new',
  P: 'policy',
  E: 'rename',
  F: 'flush',
  X: 'delete',
  Z: 'zero',
}

interface Command extends Syntax {
  letter: string
  option: ShellWord
  chainWord?: ShellWord
  number?: number
  /** The policy, or the new name. */
  name?: ShellWord
}

class IptablesParser {
  private readonly words: readonly ShellWord[]
  private readonly family: IpFamily
  private readonly tool: ShellWord
  private command: Command | undefined
  /** `-L -Z` and `-S -Z`: lists, then zeroes. */
  private listing = false
  private informs = false
  private table = 'filter'
  /** `-n`, `-x`: options of listings alone. */
  private ofListing: ShellWord | undefined
  /** Places of the words that are not the rule's. */
  private readonly taken = new Set<number>()

  constructor(words: readonly ShellWord[], family: IpFamily, tool: ShellWord) {
    this.words = words
    this.family = family
    this.tool = tool
  }

  edits(): Edit[] {
    const texts = this.words.map(({ text }) => text)
    const read = readRule(texts, this.family, this.table, undefined, (option) => this.take(option))
    const [problem] = read.problems
    if (problem) throw ruleProblem(problem, this.words, read, this.family)
    if (this.informs) return []
    const { command } = this
    if (!command) {
      if (this.listing) return []
      throw new CommandProblem({ ...this.end(), text: '' }, `${this.tool.text} needs a command`)
    }
    if (this.ofListing && !this.listing) this.refuse(this.ofListing, 'works only with listings')
    if (command.rule) return this.ruleEdits(command, read)
    this.refuseRule(read, command)
    return command.letter === 'L' || command.letter === 'S' ? [] : [this.chainEdit(command)]
  }

  private take({ letter, glued, at, context }: CommandOption): number {
    const option = this.words[at - 1]!
    this.taken.add(at - 1)
    let count = 0
    /** The next word, if it is `wanted`; a glued value comes first. */
    const next = (wanted: (text: string) => boolean): ShellWord | undefined => {
      if (count === 0 && glued !== undefined) {
        const value = { text: glued, column: option.column + option.text.length - glued.length }
        glued = undefined
        return value
      }
      const word = this.words[at + count]
      if (!word || !wanted(word.text)) return undefined
      this.taken.add(at + count++)
      return word
    }
    if (Object.hasOwn(COMMANDS, letter)) this.takeCommand(letter, option, next)
    else if (letter === 't') context.table = this.readTable(next(isValue) ?? this.needs(option, 'the name of a table'))
    else if (letter === 'w') next((text) => /^\d+$/.test(text))
    else if (letter === 'W' || letter === 'M') next(isValue)
    else if (letter === 'V' || letter === 'h') this.informs = true
    else if (letter === 'n' || letter === 'x' || letter === '0') this.ofListing ??= option
    else this.refuse(option, 'is not understood')
    return count
  }

  private takeCommand(
    letter: string,
    option: ShellWord,
    next: (wanted: (text: string) => boolean) => ShellWord | undefined,
  ): void {
    const lists = letter === 'L' || letter === 'S'
    const before = this.command
    const zeroes = before && ((lists && before.letter === 'Z') || (letter === 'Z' && this.listing))
    if (before && !zeroes) this.refuse(option, `cannot be used with ${before.option.text}: one command at a time`)
    const command: Command = { ...COMMANDS[letter]!, letter, option }
    const chain = next(isValue) ?? (command.chain === 'optional' ? undefined : this.needs(option, "a chain's name"))
    if (chain) command.chainWord = chain
    if (chain && command.behind === 'name')
      command.name = next(isValue) ?? this.needs(option, letter === 'P' ? 'a policy, ACCEPT or DROP' : 'the new name')
    else if (chain && command.behind) {
      const number = next(isValue)
      if (number) command.number = this.readNumber(number)
      else if (command.behind === 'number') this.needs(option, 'the number of a rule after the chain')
    }
    this.listing ||= lists
    if (!zeroes || letter === 'Z') this.command = command
  }

  private ruleEdits(command: Command, read: ReadRule): Edit[] {
    const chain = command.chainWord!.text
    const base = { kind: 'rule', op: RULE_OPS[command.letter]!, ...this.place(), chain } as const
    if (command.letter === 'D' && command.number !== undefined) {
      this.refuseRule(read, command)
      return [{ ...base, ruleNumber: command.number }]
    }
    const { specs, counters } = read
    if (specs.length === 0) {
      const other = this.words.find(({ text }) => /^(-[46]|--ipv[46])$/.test(text)) ?? this.tool
      this.refuse(other, `is for ${this.family === 'ip' ? 'ip6tables' : 'iptables'}`)
    }
    if (counters && (command.letter === 'D' || command.letter === 'C'))
      this.refuse(this.option(/^(-c|--set-counters)/), `cannot be used with ${command.option.text}`)
    for (const spec of specs) this.checkPlace(spec, chain)
    if (command.letter === 'R' && specs.length > 1)
      this.refuse(command.option, 'replaces one rule, but several addresses make several rules')
    return specs.map((spec) => ({
      ...base,
      spec,
      ...(command.number === undefined ? {} : { ruleNumber: command.number }),
      ...(counters ? { counters } : {}),
    }))
  }

  /** What iptables says of a rule by its chain's name alone. */
  private checkPlace(spec: IptablesSpec, chain: string): void {
    if (spec.in && (chain === 'OUTPUT' || chain === 'POSTROUTING'))
      this.refuse(this.option(/^(-i|--in)/), `cannot be used in ${chain}: a packet has no input interface there`)
    if (spec.out && (chain === 'INPUT' || chain === 'PREROUTING'))
      this.refuse(this.option(/^(-o|--out)/), `cannot be used in ${chain}: a packet has no output interface there`)
  }

  private place(): Pick<ChainEdit, 'family' | 'table' | 'backend'> {
    const [, backend] = /-(legacy|nft)$/.exec(this.tool.text) ?? []
    return { family: this.family, table: this.table, ...(backend ? { backend: backend as IptablesVariant } : {}) }
  }

  private chainEdit(command: Command): ChainEdit {
    const { letter, chainWord, number, name } = command
    const edit: ChainEdit = { kind: 'chain', op: CHAIN_OPS[letter]!, ...this.place() }
    if (chainWord) edit.chain = letter === 'N' ? this.newChain(chainWord) : chainWord.text
    if (number !== undefined) edit.ruleNumber = number
    if (name && letter === 'P') edit.policy = this.readPolicy(name)
    if (name && letter === 'E') edit.newName = this.newName(name)
    return edit
  }

  private readPolicy(word: ShellWord): 'accept' | 'drop' {
    if (word.text !== 'ACCEPT' && word.text !== 'DROP')
      this.refuse(word, 'is not a policy', closest(word.text, ['ACCEPT', 'DROP']))
    if (word.text === 'DROP' && this.table === 'nat') this.refuse(word, 'is refused: table nat is not for filtering')
    return word.text === 'DROP' ? 'drop' : 'accept'
  }

  private newChain(word: ShellWord): string {
    if (/\s/.test(word.text)) this.refuse(word, "contains blanks, which are not allowed in a chain's name")
    // the empty name's own complaint is the same
    if (findTarget(word.text, this.family)) this.refuse(word, 'is the name of a target')
    return this.newName(word)
  }

  private newName(word: ShellWord): string {
    if (new TextEncoder().encode(word.text).length > 28)
      this.refuse(word, 'is longer than 28 bytes, the limit for the name of a chain')
    if (word.text === '') this.refuse(word, 'is not a name for a chain')
    return word.text
  }

  private readTable(word: ShellWord): string {
    if (!builtInChains(word.text))
      this.refuse(word, 'is not a table of iptables', closest(word.text, Object.keys(IPTABLES_TABLES)))
    this.table = word.text
    return word.text
  }

  private readNumber(word: ShellWord): number {
    if (!/^\d{1,9}$/.test(word.text) || Number(word.text) === 0)
      this.refuse(word, 'is not a rule number; rules count from 1')
    return Number(word.text)
  }

  /** Throws where there are words of a rule beside a command that takes none. */
  private refuseRule({ specs, counters }: ReadRule, command: Command): void {
    const [spec] = specs
    const isEmpty = spec && Object.entries(spec).every(([key, value]) => key === 'matches' && value.length === 0)
    if (isEmpty && (!counters || command.letter === 'P')) return
    const at = this.words.findIndex(({ text }, i) => !this.taken.has(i) && !/^(-v+|--verbose)$/.test(text))
    this.refuse(this.words[at] ?? command.option, `cannot be used with ${command.option.text}`)
  }

  private option(pattern: RegExp): ShellWord {
    return this.words.find(({ text }) => pattern.test(text)) ?? this.tool
  }

  private end(): { column: number } {
    const last = this.words.at(-1) ?? this.tool
    return { column: last.column + last.text.length }
  }

  private needs(option: ShellWord, what: string): never {
    throw new CommandProblem(option, `${option.text} needs ${what}`)
  }

  private refuse(word: ShellWord, what: string, suggestion?: string): never {
    throw new CommandProblem(word, `"${word.text}" ${what}`, suggestion)
  }
}

/** What getopt takes as the value of an option, and no option of its own. */
const isValue = (text: string): boolean => !/^[-!]/.test(text)
