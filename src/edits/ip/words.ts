/** The words of an `ip` command, taken from the front; iproute2 lets most of its words be cut short. */
import { maskToLength, parseAddress } from '../../model/address.ts'
import { closest } from '../../rules/closest.ts'
import { canonicalAddress, canonicalPrefix, everywhere, familyOf, type IpFamily } from '../../rules/prefixes.ts'
import { tableName, tosValue } from '../../rules/route-names.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'

export class Words {
  private readonly words: readonly ShellWord[]
  private readonly tool: ShellWord
  private at = 0

  constructor(words: readonly ShellWord[], tool: ShellWord) {
    this.words = words
    this.tool = tool
  }

  peek(): ShellWord | undefined {
    return this.words[this.at]
  }

  take(): ShellWord | undefined {
    return this.words[this.at++]
  }

  /** The next word, which has to be there; `what` it is. */
  need(what: string): ShellWord {
    const word = this.take()
    if (word) return word
    const last = this.words.at(-1) ?? this.tool
    throw new CommandProblem({ column: last.column + last.text.length, text: '' }, `${what} is missing`)
  }

  number(option: ShellWord, most = 0xffffffff): number {
    const word = this.need(`the number after ${option.text}`)
    const value = /^(0[xX][\da-fA-F]+|\d+)$/.test(word.text) ? Number(word.text) : Number.NaN
    if (!(value <= most)) refuse(word, `is not a number from 0 to ${most}`)
    return value
  }

  address(option: ShellWord, family: IpFamily | undefined): string {
    const word = this.need(`the address after ${option.text}`)
    const address = canonicalAddress(word.text)
    if (address === undefined || /[[%]/.test(word.text)) refuse(word, 'is not an address')
    if (family && familyOf(address) !== family) refuse(word, `is not an address of ${nameOf(family)}`)
    return address
  }

  device(option: ShellWord): string {
    const word = this.need(`the interface after ${option.text}`)
    if (word.text === '' || word.text.length > 15 || /[/\s]/.test(word.text)) refuse(word, "is not an interface's name")
    return word.text
  }

  /** A name, or a number as text. */
  table(option: ShellWord): string {
    const word = this.need(`the table after ${option.text}`)
    if (!/^(0x[\da-f]+|\d+|[\w.-]+)$/i.test(word.text)) refuse(word, 'is not a routing table')
    return /^\d|^0x/i.test(word.text) ? tableName(String(Number(word.text))) : word.text
  }
}

export const nameOf = (family: IpFamily): string => (family === 'ip' ? 'IPv4' : 'IPv6')

/** Is `text` the word, or cut short? */
export const begins = (word: string, text: string): boolean => text !== '' && word.startsWith(text)

export function refuse(word: ShellWord, what: string, suggestion?: string): never {
  throw new CommandProblem(word, `"${word.text}" ${what}`, suggestion)
}

/** The value of `tos`; throws where the word is none. */
export function tosOf(word: ShellWord): number {
  return tosValue(word.text) ?? refuse(word, 'is not a type of service')
}

/** The first of `names` that the word begins, as iproute2 takes it. */
export function oneOf<Name extends string>(word: ShellWord, names: readonly Name[], what: string): Name {
  const found = names.find((name) => begins(name, word.text))
  return found ?? refuse(word, what, closest(word.text, names))
}

export interface ReadPrefix {
  /** Undefined for `default`, which is of either. */
  family: IpFamily | undefined
  /** With prefix length, its host part as written. */
  prefix: string
}

/** `10.9/16`, `10.0.0.1`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`, `default`; `family` is that of the command. */
export function readPrefix(word: ShellWord, family: IpFamily | undefined): ReadPrefix {
  const { text } = word
  if (/^(default|any|all)$/.test(text)) return { family, prefix: everywhere(family ?? 'ip') }
  const [host = '', length] = text.split(/\/(.*)/s)
  const short = /^\d+(\.\d+){0,2}$/.test(host) && (length !== undefined || host.includes('.'))
  const full = short ? [...host.split('.'), '0', '0', '0'].slice(0, 4).join('.') : host
  const bits = length?.includes('.') ? maskLength(length) : length
  const prefix = /[[%]/.test(host) ? undefined : canonicalPrefix(bits === undefined ? full : `${full}/${bits}`)
  if (prefix === undefined) refuse(word, 'is not a network or address')
  if (family && familyOf(prefix) !== family) refuse(word, `is not of ${nameOf(family)}`)
  return { family: familyOf(prefix), prefix }
}

function maskLength(text: string): string {
  const length = maskToLength(parseAddress(text) ?? new Uint8Array([1]))
  return length === undefined ? 'none' : String(length)
}
