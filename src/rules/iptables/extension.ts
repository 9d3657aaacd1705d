/**
 * How an iptables match or target is described: its options, how they are printed back, and what they mean.
 * One file each in matches/ and targets/, named as `-m`/`-j` names it; registry.ts lists them all.
 * Names, order and canonical forms follow iptables 1.8.9 (extensions/lib{xt,ipt,ip6t}_*.c).
 */
import type { Condition, Scalar, Value } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import { Refusal } from '../../model/refusal.ts'
import type { IptablesSpec, Negatable } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'

export type IpFamily = 'ip' | 'ip6'

/** What an option may need to know of the rule around it. */
export interface RuleContext {
  family: IpFamily
  /** What stands before the matches: addresses, interfaces, protocol. */
  spec: IptablesSpec
  /** `nat`, `filter` …; absent where a rule is read on its own. */
  table?: string
}

/** A word that cannot be meant; `text` is the whole sentence a person reads. Caught in read.ts and clause.ts, never leaves rules/. */
export class WordError extends Refusal {
  /** What else could have stood there, where that is a list of names. */
  readonly names: readonly string[]

  constructor(text: string, names: readonly string[] = []) {
    super(text)
    this.names = names
  }
}

export interface Option<T> {
  /** Other long names: `dport` for `destination-port`. The key in the table is what iptables-save prints. */
  readonly aliases?: readonly string[]
  /** Words after the option's name; a function looks at the words that follow and says how many are its own. */
  readonly words: number | ((following: readonly string[]) => number)
  /** `! --option` is allowed. */
  readonly invert?: boolean
  readonly required?: boolean
  /** Throws WordError. */
  read(words: readonly string[], context: RuleContext): T
  /** The words after the option's name, as iptables-save prints them (quoted already where it quotes). */
  print(value: T, context: RuleContext): string[]
}

/** The hooks where a packet has an input interface. */
export const HOOKS_IN: readonly Hook[] = ['prerouting', 'input', 'forward']
/** The hooks where a packet has an output interface. */
export const HOOKS_OUT: readonly Hook[] = ['forward', 'output', 'postrouting']

// biome-ignore lint/suspicious/noExplicitAny: the one place where options of all types stand side by side
export type OptionTable = Record<string, Option<any>>

/** Option name → what was given; absent: not given. */
export type Values<O extends OptionTable> = {
  [K in keyof O]?: O[K] extends Option<infer T> ? Negatable<T> : never
}

/** One option as it was written, in order; for the few extensions where order or repetition counts. */
export interface Given {
  option: string
  value: unknown
  not: boolean
}

interface Common<V extends object> {
  readonly name: string
  /** Older or other names that are read as this one (`-m state` is not one: it prints as itself). */
  readonly aliases?: readonly string[]
  /** Absent: both. */
  readonly family?: IpFamily
  /** The tables where the kernel allows it; absent: all. */
  readonly tables?: readonly string[]
  /** The hooks that may lead to the rule, as the kernel's module checks; absent or undefined: all. */
  readonly hooks?: readonly Hook[] | ((values: V) => readonly Hook[] | undefined)
  readonly options: OptionTable
  /** Makes the values from the options as given, where a plain dictionary does not do. Throws WordError. */
  collect?(given: readonly Given[], context: RuleContext): V
  /** What getopt cannot see: options that need or exclude each other. Throws WordError. */
  check?(values: V, context: RuleContext): void
  /** The words after the name, as iptables-save prints them; absent: the options given, in the table's order. */
  print?(values: V, context: RuleContext): string[]
}

export interface Match<V extends object = object> extends Common<V> {
  /** Conditions that must all hold; `unknown` ones carry the reason why they cannot be told. */
  conditions(values: V, context: RuleContext): Condition[]
}

export interface Target<V extends object = object> extends Common<V> {
  statements(values: V, context: RuleContext): Statement[]
}

type Described<O extends OptionTable, T> = Omit<T, 'options'> & { options: O }

/** Types the values of a match from its option table. */
export function defineMatch<O extends OptionTable, V extends object = Values<O>>(match: Described<O, Match<V>>): Match {
  return match as unknown as Match
}

/** Types the values of a target from its option table. */
export function defineTarget<O extends OptionTable, V extends object = Values<O>>(
  target: Described<O, Target<V>>,
): Target {
  return target as unknown as Target
}

/** An option that stands alone: `--random`. */
export function flag(more: Partial<Option<true>> = {}): Option<true> {
  return { words: 0, read: () => true, print: () => [], ...more }
}

/** An option with one word, read and printed by the given functions. */
export function word<T>(
  read: (text: string, context: RuleContext) => T,
  print: (value: T, context: RuleContext) => string,
  more: Partial<Option<T>> = {},
): Option<T> {
  return {
    words: 1,
    read: (words, context) => read(words[0] ?? '', context),
    print: (value, context) => [print(value, context)],
    ...more,
  }
}

/** The options given, in the table's order: what most of iptables' own print functions do. */
export function printOptions(options: OptionTable, values: object, context: RuleContext): string[] {
  const words: string[] = []
  for (const [name, option] of Object.entries(options)) {
    const given = (values as Record<string, Negatable<unknown> | undefined>)[name]
    if (given === undefined) continue
    if (given.not) words.push('!')
    words.push(`--${name}`, ...option.print(given.value, context))
  }
  return words
}

/** Turns a condition around where its option was given with `!`. */
export function negateIf(not: boolean, condition: Condition): Condition {
  return not ? { kind: 'not', of: condition } : condition
}

/**
 * `field == value`, or `!=` where the option was given with `!`; `words` are the option's own. Like nft's, neither
 * holds for a packet that lacks the field: where iptables takes the inverted option as true then, use negateIf.
 */
export function compare(
  field: string,
  value: Value,
  { words, not = false, mask }: { words: string; not?: boolean; mask?: Scalar },
): Condition {
  const text = not ? `! ${words}` : words
  return { kind: 'compare', field, op: not ? '!=' : '==', ...(mask === undefined ? {} : { mask }), value, text }
}

/** Throws WordError where several of these options are given. */
export function atMostOne(values: object, ...options: readonly string[]): void {
  const given = options.filter((option) => option in values)
  if (given.length > 1)
    throw new WordError(`only one of ${given.map((option) => `--${option}`).join(', ')} can be given`)
}

/** Throws WordError where none of these options is given. */
export function atLeastOne(values: object, ...options: readonly string[]): void {
  if (options.some((option) => option in values)) return
  throw new WordError(`one of ${options.map((option) => `--${option}`).join(', ')} is needed`)
}

/** Throws WordError unless the rule has `-p` one of these: what the kernel asks of matches that read a protocol's header. */
export function needsProtocol({ spec }: RuleContext, ...names: readonly string[]): void {
  if (spec.protocol && !spec.protocol.not && names.includes(spec.protocol.value)) return
  throw new WordError(`needs ${names.map((name) => `-p ${name}`).join(' or ')} in the rule`)
}
