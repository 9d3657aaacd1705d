/**
 * One rule as iptables' own command line words it → IptablesSpec. Follows iptables 1.8.9 (iptables/xshared.c do_parse):
 * an option belongs to the latest match or target that has it, long names may be shortened, `-p tcp` brings `-m tcp`
 * when an option asks for it. What is not understood stays in the clause as words, with a problem to tell.
 */
import type { Clause, IptablesSpec, MaskedAddress, Negatable } from '../../model/ruleset.ts'
import {
  type Given,
  type IpFamily,
  type Match,
  type Option,
  type RuleContext,
  type Target,
  WordError,
} from './extension.ts'
import { protocolName, protocolNumber } from './protocols.ts'
import { findMatch, findTarget } from './registry.ts'
import { readMaskedAddress } from './values/addresses.ts'

export interface ReadRule {
  /** Several where `-s` or `-d` lists addresses with commas: iptables makes a rule of each. */
  specs: IptablesSpec[]
  counters?: { packets: number; bytes: number }
  /** Sentences about what was not understood; empty: all was. */
  problems: string[]
}

/** A clause while its options are still coming. */
interface Open {
  clause: Clause
  extension: Match | Target | undefined
  given: Given[]
  /** Words nobody knows. */
  unread: string[]
}

const GLOBAL_OPTIONS: Readonly<Record<string, string>> = {
  '-s': 'source',
  '-d': 'destination',
  '-i': 'in-interface',
  '-o': 'out-interface',
  '-p': 'protocol',
  '-m': 'match',
  '-j': 'jump',
  '-g': 'goto',
  '-f': 'fragment',
  '-c': 'set-counters',
  '-4': 'ipv4',
  '-6': 'ipv6',
}
const GLOBAL_LONG = [
  'source',
  'src',
  'destination',
  'dst',
  'in-interface',
  'out-interface',
  'protocol',
  'proto',
  'match',
].concat(['jump', 'goto', 'fragment', 'set-counters', 'ipv4', 'ipv6'])

/** Reads the words after the chain's name. Never throws. */
export function readRule(words: readonly string[], family: IpFamily, table?: string): ReadRule {
  return new RuleReader(words, family, table).read()
}

class RuleReader {
  private readonly spec: IptablesSpec = { matches: [] }
  private readonly context: RuleContext
  private readonly problems: string[] = []
  private readonly matches: Open[] = []
  private target: Open | undefined
  private sources: Negatable<MaskedAddress>[] = []
  private destinations: Negatable<MaskedAddress>[] = []
  private counters: ReadRule['counters']
  private at = 0

  private readonly words: readonly string[]
  private readonly family: IpFamily

  constructor(words: readonly string[], family: IpFamily, table: string | undefined) {
    this.words = words
    this.family = family
    this.context = { family, spec: this.spec, ...(table === undefined ? {} : { table }) }
  }

  read(): ReadRule {
    while (this.at < this.words.length) this.readOption()
    for (const open of this.matches) this.close(open)
    // a target may ask what the matches before it are
    this.spec.matches = this.matches.map((open) => open.clause)
    if (this.target) {
      this.close(this.target)
      this.spec.target = this.target.clause
    }
    const specs: IptablesSpec[] = []
    for (const src of this.sources.length > 0 ? this.sources : [undefined])
      for (const dst of this.destinations.length > 0 ? this.destinations : [undefined])
        specs.push({ ...(src ? { src } : {}), ...(dst ? { dst } : {}), ...this.spec })
    return { specs, problems: this.problems, ...(this.counters ? { counters: this.counters } : {}) }
  }

  private readOption(): void {
    let not = false
    let word = this.next()
    if (word === '!') {
      not = true
      word = this.next()
    }
    const name = this.globalName(word)
    try {
      if (name !== undefined) this.readGlobal(name, not)
      else if (word.startsWith('--')) this.readExtensionOption(word.slice(2), not)
      else this.unknown(not ? ['!', word] : [word])
    } catch (error) {
      if (!(error instanceof WordError)) throw error
      this.problems.push(`${word}: ${error.message}`)
    }
  }

  private next(): string {
    return this.words[this.at++] ?? ''
  }

  /** The value of an option; an old-style `!` in front of it turns it around (`-s ! 10.0.0.1`). */
  private value(option: string): { text: string; not: boolean } {
    let not = false
    if (this.words[this.at] === '!') {
      not = true
      this.at++
    }
    if (this.at >= this.words.length) throw new WordError(`${option} needs a value`)
    return { text: this.next(), not }
  }

  private globalName(word: string): string | undefined {
    const short = GLOBAL_OPTIONS[word]
    if (short !== undefined || !word.startsWith('--')) return short
    const long = word.slice(2)
    const canonical = (name: string) => ({ src: 'source', dst: 'destination', proto: 'protocol' })[name] ?? name
    // an extension's own option wins over a shortened global one; an exact global one wins over all
    if (GLOBAL_LONG.includes(long)) return canonical(long)
    if (this.find(long)) return undefined
    const candidates = new Set(GLOBAL_LONG.filter((name) => name.startsWith(long)).map(canonical))
    return candidates.size === 1 ? [...candidates][0] : undefined
  }

  private readGlobal(name: string, notBefore: boolean): void {
    switch (name) {
      case 'ipv4':
      case 'ipv6':
        return
      case 'fragment':
        this.spec.fragment = { value: true, not: notBefore }
        return
      case 'set-counters': {
        const packets = this.value('-c').text
        const both = /^(\d+),(\d+)$/.exec(packets)
        this.counters = both
          ? { packets: Number(both[1]), bytes: Number(both[2]) }
          : { packets: Number(packets), bytes: Number(this.value('-c').text) }
        return
      }
    }
    const { text, not: notAfter } = this.value(`--${name}`)
    const not = notBefore !== notAfter
    switch (name) {
      case 'source':
        this.sources = text.split(',').map((one) => ({ value: readMaskedAddress(one, this.family), not }))
        return
      case 'destination':
        this.destinations = text.split(',').map((one) => ({ value: readMaskedAddress(one, this.family), not }))
        return
      case 'in-interface':
        this.spec.in = { value: text, not }
        return
      case 'out-interface':
        this.spec.out = { value: text, not }
        return
      case 'protocol':
        this.readProtocol(text, not)
        return
      case 'match':
        this.openMatch(text)
        return
      default:
        this.openTarget(text, name === 'goto')
    }
  }

  private readProtocol(text: string, not: boolean): void {
    const number = protocolNumber(text)
    if (number === undefined) throw new WordError(`"${text}" is not a protocol`)
    if (number === 0) {
      if (not) throw new WordError('"! all" matches nothing')
      return
    }
    this.spec.protocol = { value: protocolName(number), not }
  }

  private openMatch(name: string): Open {
    const extension = findMatch(name, this.family)
    const open: Open = { clause: { name: extension?.name ?? name }, extension, given: [], unread: [] }
    if (!extension) this.problems.push(`-m ${name}: no match of this name is known`)
    this.matches.push(open)
    return open
  }

  private openTarget(name: string, goto: boolean): void {
    const extension = goto ? undefined : findTarget(name, this.family)
    const clause: IptablesSpec['target'] = { name: extension?.name ?? name }
    if (goto) clause.goto = true
    if (!extension) clause.chain = true
    this.target = { clause, extension, given: [], unread: [] }
  }

  /** The latest clause with such an option, by its whole name, an alias, or as its only beginning. */
  private find(name: string): { open: Open; key: string; option: Option<unknown> } | undefined {
    const order = [...this.matches, ...(this.target ? [this.target] : [])].reverse()
    for (const exact of [true, false])
      for (const open of order) {
        const keys = Object.entries(open.extension?.options ?? {})
          .filter(([key, option]) =>
            [key, ...(option.aliases ?? [])].some((n) => (exact ? n === name : n.startsWith(name))),
          )
          .map(([key]) => key)
        if (keys.length === 1) return { open, key: keys[0]!, option: open.extension!.options[keys[0]!]! }
      }
    return undefined
  }

  private readExtensionOption(written: string, not: boolean): void {
    // `--dport=80`, as getopt allows
    const equals = written.indexOf('=')
    const name = equals < 0 ? written : written.slice(0, equals)
    let found = this.find(name)
    if (!found && this.spec.protocol && !this.spec.protocol.not) found = this.findInProtocolMatch(name)
    if (!found) {
      this.unknown([...(not ? ['!'] : []), `--${written}`])
      return
    }
    const rest = equals < 0 ? this.words.slice(this.at) : [written.slice(equals + 1), ...this.words.slice(this.at)]
    // behind an option without values, `!` belongs to the next one
    const notAfter = found.option.invert === true && found.option.words !== 0 && rest[0] === '!'
    const following = notAfter ? rest.slice(1) : rest
    const count = typeof found.option.words === 'number' ? found.option.words : found.option.words(following)
    if (following.length < count) throw new WordError(`--${name} needs ${count === 1 ? 'a value' : `${count} values`}`)
    this.at += count + (notAfter ? 1 : 0) - (equals < 0 ? 0 : 1)
    if ((not || notAfter) && !found.option.invert) throw new WordError(`--${name} cannot be inverted`)
    const value = found.option.read(following.slice(0, count), this.context)
    found.open.given.push({ option: found.key, value, not: not !== notAfter })
  }

  /** `-p tcp --dport 80` without `-m tcp`: iptables loads the match of that name by itself. */
  private findInProtocolMatch(name: string): ReturnType<RuleReader['find']> {
    const protocol = this.spec.protocol!.value
    const match = findMatch(protocol === 'ipv6-icmp' ? 'icmp6' : protocol === 'ipv6-mh' ? 'mh' : protocol, this.family)
    if (!match || this.matches.some((open) => open.extension === match)) return undefined
    const open = this.openMatch(match.name)
    const found = this.find(name)
    if (!found) this.matches.splice(this.matches.indexOf(open), 1)
    return found
  }

  /** Keeps words that nobody knows with the clause they stand in, and their values with them. */
  private unknown(words: string[]): void {
    while (this.at < this.words.length && !/^(-[a-z0-9]|--[a-z].*|!)$/i.test(this.words[this.at]!))
      words.push(this.next())
    this.problems.push(`"${words.join(' ')}" is not understood`)
    const open = this.target ?? this.matches.at(-1) ?? this.openMatch('unknown')
    open.unread.push(...words)
  }

  private close(open: Open): void {
    const { clause, extension, given } = open
    if (open.unread.length > 0) clause.words = open.unread
    if (!extension) return
    try {
      const { table } = this.context
      if (table && extension.tables && !extension.tables.includes(table))
        throw new WordError(`works only in table ${extension.tables.join(', ')}`)
      for (const [key, option] of Object.entries(extension.options))
        if (option.required && !given.some((one) => one.option === key)) throw new WordError(`--${key} is missing`)
      const values = extension.collect ? extension.collect(given, this.context) : dictionary(given)
      extension.check?.(values, this.context)
      clause.values = values
    } catch (error) {
      if (!(error instanceof WordError)) throw error
      this.problems.push(`${clause.name}: ${error.message}`)
    }
  }
}

function dictionary(given: readonly Given[]): object {
  const values: Record<string, Negatable<unknown>> = {}
  for (const { option, value, not } of given) {
    if (values[option]) throw new WordError(`--${option} is given twice`)
    values[option] = { value, not }
  }
  return values
}

/** `[packets:bytes]` in front of a rule or behind a chain. */
export function readCounters(text: string): { packets: number; bytes: number } | undefined {
  const match = /^\[(\d+):(\d+)\]$/.exec(text)
  return match ? { packets: Number(match[1]), bytes: Number(match[2]) } : undefined
}
