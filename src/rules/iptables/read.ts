/**
 * One rule as iptables' own command line words it → IptablesSpec. Follows iptables 1.8.9 (iptables/xshared.c do_parse):
 * long names may be shortened, `-p tcp` brings `-m tcp` when an option asks for it. More lenient in two things: a `!`
 * behind the option's name (`--dport ! 80`), as it was saved before iptables 1.4.3, and values glued to iptables' own
 * options (`-ptcp`, `--jump=ACCEPT`), which 1.8.9 gets wrong by mistake. What is not understood is kept as words, with
 * a problem to tell.
 */

import type { IptablesSpec, MaskedAddress, Negatable } from '../../model/ruleset.ts'
import { close, type Open, opening, type RuleProblem } from './clause.ts'
import { type IpFamily, type RuleContext, WordError } from './extension.ts'
import { type ExtensionOption, meaningOf } from './options.ts'
import { matchOfProtocol, PROTOCOL_NAMES, protocolName, protocolNumber } from './protocols.ts'
import { findMatch, findTarget } from './registry.ts'
import { readMaskedAddress } from './values/addresses.ts'

const MOST_COUNTED = 2 ** 64

export interface ReadRule {
  /**
   * Several where `-s` or `-d` lists addresses with commas: iptables makes a rule of each. None where `-4` or `-6`
   * keeps the rule for the other family.
   */
  specs: IptablesSpec[]
  counters?: { packets: number; bytes: number }
  /** What was not understood; empty: all was. */
  problems: RuleProblem[]
}

/** An option of the command around the rule, as it was met. */
export interface CommandOption {
  letter: string
  /** A value that is one word with the option: `-tnat`, `--table=nat`. */
  glued?: string
  /** Place of the first word behind it. */
  at: number
  /** Where a table that it names belongs. */
  context: RuleContext
}

/**
 * Reads the words after the chain's name. Never throws by itself. A target's name that `isChain` knows is a chain, even
 * where there is a target of this name. `takeOption` gets the options that do not belong in a rule (`-A`, `-t`), and
 * says how many of the words behind each are its own; without it, they are problems.
 */
export function readRule(
  words: readonly string[],
  family: IpFamily,
  table?: string,
  isChain?: (name: string) => boolean,
  takeOption?: (option: CommandOption) => number,
): ReadRule {
  return new RuleReader(words, family, table, isChain, takeOption).read()
}

/** iptables' own options that a rule may have; the others are about commands and listings. */
const IN_RULES = 'sdiopfcmjgv46'
const INVERTIBLE = 'sdiopf46'
const REPEATABLE = 'mv46'
const WITHOUT_VALUE = 'fv46'
/** Options without a value, also those of listings: on a command line, others may be glued behind them (`-nvL`). */
const FLAGS = 'fv46nx'

class RuleReader {
  private readonly spec: IptablesSpec = { matches: [] }
  private readonly context: RuleContext
  private readonly problems: RuleProblem[] = []
  private readonly matches: Open[] = []
  private target: Open | undefined
  private goto = false
  /** The last of matches and target. */
  private lastOpened: Open | undefined
  /** Extensions in the order they were first named, each with the last that named it. */
  private readonly loaded = new Map<NonNullable<Open['extension']>, Open>()
  private readonly given = new Set<string>()
  private sources: Negatable<MaskedAddress>[] = []
  private destinations: Negatable<MaskedAddress>[] = []
  /** Where the lists of addresses stand. */
  private readonly listed: number[] = []
  private counters: ReadRule['counters']
  private otherFamily = false
  private at = 0
  /** Where the values of the option being read begin; before that, the option itself is to blame. */
  private valuesAt: number | undefined

  private readonly words: readonly string[]
  private readonly family: IpFamily
  private readonly isChain: ((name: string) => boolean) | undefined
  private readonly takeOption: ((option: CommandOption) => number) | undefined

  constructor(
    words: readonly string[],
    family: IpFamily,
    table?: string,
    isChain?: (name: string) => boolean,
    takeOption?: (option: CommandOption) => number,
  ) {
    this.words = words
    this.family = family
    this.isChain = isChain
    this.takeOption = takeOption
    this.context = { family, spec: this.spec, ...(table === undefined ? {} : { table }) }
  }

  read(): ReadRule {
    while (this.at < this.words.length) this.readOption()
    // a target may ask what the matches before it are
    this.spec.matches = this.matches.map((match) => close(match, this.context, this.problems))
    if (this.target) this.spec.target = this.closeTarget(this.target)
    const specs = this.otherFamily ? [] : this.specs()
    return {
      specs,
      problems: this.problems,
      ...(this.counters ? { counters: this.counters } : {}),
    }
  }

  private specs(): IptablesSpec[] {
    const count = Math.max(1, this.sources.length) * Math.max(1, this.destinations.length)
    if (count > MOST_RULES && count > this.sources.length + this.destinations.length) {
      const message = `the addresses of -s and -d expand this line to ${count} rules; nfwhy expands at most ${MOST_RULES}`
      const [from = 0] = this.listed
      this.problems.push({ message, from, to: from + 1 })
      const lists = this.listed.flatMap((at) => this.words.slice(at - 1, at + 1))
      return [{ ...this.spec, unread: [...(this.spec.unread ?? []), ...lists] }]
    }
    const specs: IptablesSpec[] = []
    for (const src of this.sources.length > 0 ? this.sources : [undefined])
      for (const dst of this.destinations.length > 0 ? this.destinations : [undefined])
        specs.push({ ...(src ? { src } : {}), ...(dst ? { dst } : {}), ...this.spec })
    return specs
  }

  private closeTarget(target: Open): NonNullable<IptablesSpec['target']> {
    const clause = close(target, this.context, this.problems)
    const chain = !target.extension && target.written.length === 0
    return { ...clause, ...(this.goto ? { goto: true } : {}), ...(chain ? { chain: true } : {}) }
  }

  private readOption(): void {
    const start = this.at
    const not = this.words[this.at] === '!'
    if (not) this.at++
    const word = this.words[this.at++] ?? ''
    if (word === '--' && this.at === this.words.length) return
    this.readWord(word, start, not)
  }

  private readWord(word: string, start: number, not: boolean): void {
    const [, short, long, glued] = /^(?:-([a-zA-Z0-9])|--([^=]+)=?)(.*)$/s.exec(word) ?? []
    const value = short ? glued || undefined : word.includes('=') ? glued : undefined
    const meaning = short ?? (long === undefined ? undefined : this.meaning(long))
    if (meaning === undefined) {
      this.keepUnknown(start)
      return
    }
    if (this.takeOption && short && value !== undefined && FLAGS.includes(short)) {
      this.readWord(`-${short}`, start, not)
      this.readWord(`-${value}`, start, false)
      return
    }
    this.valuesAt = undefined
    try {
      if (typeof meaning === 'string') this.readOwn(meaning, value, not)
      else this.readExtensionOption(meaning, value, not)
    } catch (error) {
      if (!(error instanceof WordError)) throw error
      this.problems.push({ message: `${word}: ${error.message}`, ...this.blamed(start, not), names: error.names })
      if (typeof meaning === 'string') {
        this.skipWords()
        this.keepUnread(start)
      } else meaning.open.doubtful = true
    }
    if (typeof meaning !== 'string') this.keepWritten(meaning.open, start)
  }

  private blamed(start: number, not: boolean): Pick<RuleProblem, 'from' | 'to'> {
    if (this.valuesAt !== undefined) return { from: this.valuesAt, to: this.at }
    const option = start + (not ? 1 : 0)
    return { from: option, to: option + 1 }
  }

  private meaning(name: string): string | ExtensionOption | undefined {
    const meaning = meaningOf(name, this.loaded, this.family)
    if (meaning !== undefined || !this.spec.protocol) return meaning
    // `-p tcp --dport 80` without `-m tcp`: iptables loads the match of that name by itself
    const protocol = this.spec.protocol.value
    const match = findMatch(matchOfProtocol(protocol), this.family)
    if (!match || this.loaded.has(match)) return undefined
    const open = opening(match.name, match, this.at - 1)
    const asked = meaningOf(name, new Map(this.loaded).set(match, open), this.family)
    if (asked !== undefined) this.open(open)
    return asked
  }

  /** One of iptables' own options, by its letter. */
  private readOwn(letter: string, glued: string | undefined, notBefore: boolean): void {
    const ofCommand = !IN_RULES.includes(letter)
    if (ofCommand && !this.takeOption) throw new WordError('does not belong in a rule')
    if (notBefore && !INVERTIBLE.includes(letter)) throw new WordError('cannot be inverted')
    if (ofCommand) {
      const option = { letter, at: this.at, context: this.context, ...(glued === undefined ? {} : { glued }) }
      this.at += this.takeOption!(option)
      return
    }
    if (glued !== undefined && WITHOUT_VALUE.includes(letter)) throw new WordError('takes no value')
    const once = letter === 'g' ? 'j' : letter
    if (this.given.has(once) && !REPEATABLE.includes(once)) throw new WordError('is given twice')
    this.given.add(once)
    if (letter === 'v') return
    if (letter === '4' || letter === '6') {
      this.otherFamily ||= (letter === '4') !== (this.family === 'ip')
      return
    }
    if (letter === 'f') {
      if (this.family === 'ip6') throw new WordError('use -m frag for IPv6')
      this.spec.fragment = { value: true, not: notBefore }
      return
    }
    const notAfter = glued === undefined && 'sdiop'.includes(letter) && this.words[this.at] === '!'
    if (notAfter) this.at++
    const text = glued ?? this.words[this.at]
    if (text === undefined) throw new WordError('needs a value')
    this.valuesAt = glued === undefined ? this.at++ : this.at - 1
    this.readOwnValue(letter, text, notBefore !== notAfter)
  }

  private readOwnValue(letter: string, text: string, not: boolean): void {
    if (letter === 's') this.sources = this.readAddresses(text, not)
    else if (letter === 'd') this.destinations = this.readAddresses(text, not)
    else if (letter === 'i') this.spec.in = { value: interfaceName(text), not }
    else if (letter === 'o') this.spec.out = { value: interfaceName(text), not }
    else if (letter === 'p') this.readProtocol(text, not)
    else if (letter === 'c') this.readCounters(text)
    else if (letter === 'm') this.openMatch(text)
    else this.openTarget(text, letter === 'g')
  }

  private readAddresses(text: string, not: boolean): Negatable<MaskedAddress>[] {
    this.listed.push(this.valuesAt!)
    const list = text.split(',').map((one) => ({ value: readMaskedAddress(one.trimStart(), this.family), not }))
    if (not && list.length > 1) throw new WordError('several addresses cannot be inverted')
    return list
  }

  private readProtocol(text: string, not: boolean): void {
    const number = protocolNumber(text)
    if (number === undefined) throw new WordError(`"${text}" is not a protocol`, PROTOCOL_NAMES)
    if (number !== 0) this.spec.protocol = { value: protocolName(number), not }
    else if (not) throw new WordError('"! all" matches nothing')
  }

  private readCounters(text: string): void {
    const [packets, bytes = this.words[this.at++] ?? ''] = text.split(',')
    if (!/^\d+$/.test(packets!) || !/^\d+$/.test(bytes)) throw new WordError('takes two numbers: packets and bytes')
    // what has no room counts as the most that there can be, as with iptables
    this.counters = { packets: Math.min(Number(packets), MOST_COUNTED), bytes: Math.min(Number(bytes), MOST_COUNTED) }
  }

  private openMatch(name: string): void {
    const extension = findMatch(name, this.family)
    const at = this.at - 1
    if (!extension)
      this.problems.push({
        message: `-m ${name}: no match of this name is known`,
        from: at,
        to: at + 1,
        unknown: 'match',
      })
    this.open(opening(name, extension, at))
  }

  private open(match: Open): void {
    this.load(match)
    this.matches.push(match)
  }

  private load(open: Open): void {
    this.lastOpened = open
    if (open.extension) this.loaded.set(open.extension, open)
  }

  private openTarget(name: string, goto: boolean): void {
    if (!/^[^-!\s]\S{0,27}$/.test(name))
      throw new WordError('a name has 1 to 28 characters, no blanks, and does not begin with - or !')
    if (goto && STANDARD.includes(name)) throw new WordError(`${name} is not a chain`)
    const extension = goto || this.isChain?.(name) ? undefined : findTarget(name, this.family)
    this.target = opening(name, extension, this.at - 1)
    this.goto = goto
    this.load(this.target)
  }

  private readExtensionOption({ open, key, option }: ExtensionOption, glued: string | undefined, notBefore: boolean) {
    const behind = this.words.slice(this.at, this.at + MOST_WORDS)
    // behind an option without values, `!` belongs to the next one
    const notAfter = option.invert === true && option.words !== 0 && glued === undefined && behind[0] === '!'
    const following = glued !== undefined ? [glued, ...behind] : notAfter ? behind.slice(1) : behind
    const count = typeof option.words === 'number' ? option.words : option.words(following)
    if (following.length < count) throw new WordError(`needs ${count === 1 ? 'a value' : `${count} values`}`)
    if (glued !== undefined && count === 0) throw new WordError('takes no value')
    const valuesAt = this.at + (notAfter ? 1 : 0) - (glued === undefined ? 0 : 1)
    this.at = valuesAt + count
    if ((notBefore || notAfter) && !option.invert) throw new WordError('cannot be inverted')
    if (count > 0) this.valuesAt = valuesAt
    const value = option.read(following.slice(0, count), this.context)
    open.given.push({ option: key, value, not: notBefore !== notAfter })
  }

  /** An option nobody knows, with the words behind it, goes to the clause it most likely belongs to. */
  private keepUnknown(start: number): void {
    this.skipWords()
    const words = this.words.slice(start, this.at)
    const option = start + (words[0] === '!' && words.length > 1 ? 1 : 0)
    this.problems.push({
      message: `"${words.join(' ')}" is not understood`,
      from: option,
      to: option + 1,
      unknown: 'option',
    })
    const open = this.lastOpened
    if (open) {
      this.keepWritten(open, start)
      open.doubtful = true
    } else this.keepUnread(start)
  }

  private keepWritten({ written }: Open, start: number): void {
    for (let at = start; at < this.at; at++) written.push(this.words[at]!)
  }

  private skipWords(): void {
    while (this.at < this.words.length && !/^(-[a-zA-Z0-9]|--.+|!)$/.test(this.words[this.at]!)) this.at++
  }

  private keepUnread(start: number): void {
    this.spec.unread ??= []
    for (let at = start; at < this.at; at++) this.spec.unread.push(this.words[at]!)
  }
}

const STANDARD = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN']

/** Of one line, each source with each destination. */
const MOST_RULES = 1024

/** Of one option's values, with a `!` in front: no option takes more. */
const MOST_WORDS = 16

function interfaceName(text: string): string {
  if (text === '' || new TextEncoder().encode(text).length > 15)
    throw new WordError('the name of an interface has 1 to 15 characters')
  return text
}
