/** `conntrack …` → edits (conntrack-tools 1.4.7, src/conntrack.c). */

import type { ConntrackEdit, TupleFilter } from '../../model/edit.ts'
import { wordTable } from '../../model/word-table.ts'
import { closest } from '../../rules/closest.ts'
import { TCP_STATES } from '../../rules/conntrack/tcp-state.ts'
import { protocolName, protocolNumber } from '../../rules/iptables/protocols.ts'
import { canonicalAddress, canonicalPrefix, familyOf } from '../../rules/prefixes.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'

/** By their long names; what the short ones stand for. */
const SHORT: Readonly<Record<string, string>> = {
  ...{ D: 'delete', F: 'flush', L: 'dump', G: 'get', E: 'event', S: 'stats', C: 'count', I: 'create', U: 'update' },
  ...{ A: 'add', R: 'load-file', V: 'version', h: 'help' },
  ...{ s: 'src', d: 'dst', r: 'reply-src', q: 'reply-dst', p: 'proto', f: 'family', m: 'mark', w: 'zone' },
  ...{ n: 'src-nat', g: 'dst-nat', t: 'timeout', o: 'output', b: 'buffer-size' },
}
const COMMANDS = ['delete', 'flush', 'dump', 'get', 'event', 'stats', 'count', 'create', 'update', 'add', 'load-file']
const ALIASES: Readonly<Record<string, string>> = wordTable({
  ...{ 'orig-src': 'src', 'orig-dst': 'dst', protonum: 'proto' },
  ...{ sport: 'orig-port-src', dport: 'orig-port-dst' },
})
const FILTERS = [
  ...['src', 'dst', 'reply-src', 'reply-dst', 'proto', 'family', 'mark', 'zone', 'src-nat', 'dst-nat', 'state'],
  ...['orig-port-src', 'orig-port-dst', 'reply-port-src', 'reply-port-dst', 'icmp-type', 'icmp-code', 'icmp-id'],
]
/** With a value, and nothing to do with which entries go. */
const BESIDES = ['timeout', 'output', 'buffer-size']
/** Their value may be left out. */
const OPTIONAL = ['src-nat', 'dst-nat']
const NAMES = [...COMMANDS, 'version', 'help', ...FILTERS, ...BESIDES, ...Object.keys(ALIASES)]

/** The words behind `conntrack`; `tool` is that word. None for what only shows something. Throws CommandProblem. */
export function parseConntrack(words: readonly ShellWord[], tool: ShellWord): ConntrackEdit[] {
  return new ConntrackParser(words, tool).edits()
}

class ConntrackParser {
  private readonly words: readonly ShellWord[]
  private readonly tool: ShellWord
  private at = 0
  private command: { name: string; word: ShellWord } | undefined
  private table = 'conntrack'
  private readonly edit: ConntrackEdit = { kind: 'conntrack', op: 'delete' }
  /** The first that needs a protocol. */
  private needsProtocol: ShellWord | undefined
  private filter: ShellWord | undefined

  constructor(words: readonly ShellWord[], tool: ShellWord) {
    this.words = words
    this.tool = tool
  }

  edits(): ConntrackEdit[] {
    while (this.at < this.words.length) this.readWord(this.words[this.at++]!)
    const { command, edit, filter } = this
    if (!command) throw new CommandProblem(this.tool, 'conntrack needs a command')
    if (command.name === 'flush') {
      if (filter) this.refuse(filter, 'cannot be combined with -F, which deletes all entries; use -D to delete some')
      return this.table === 'conntrack' ? [{ kind: 'conntrack', op: 'flush' }] : []
    }
    if (command.name !== 'delete') return []
    if (this.table !== 'conntrack') this.refuse(command.word, 'for expectations is not understood here')
    if (this.needsProtocol && !edit.protocol)
      this.refuse(this.needsProtocol, 'needs a protocol in front of it (-p tcp)')
    return [edit]
  }

  private readWord(word: ShellWord): void {
    const { text } = word
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(text)
    const [, letter = '', glued = ''] = /^-([A-Za-z])(.*)$/s.exec(text) ?? []
    const short = Object.hasOwn(SHORT, letter) ? SHORT[letter] : undefined
    if (long) this.readOption(this.longName(long[1]!, word), word, long[2])
    else if (short !== undefined) this.readOption(short, word, glued === '' ? undefined : glued.replace(/^=/, ''))
    else if (letter !== '') this.refuse(word, 'is not an option of conntrack that is understood here')
    else if (this.command && ['conntrack', 'expect', 'dying', 'unconfirmed'].includes(text)) this.table = text
    else this.refuse(word, 'is not understood here: an address needs its option in front of it (-s, -d …)')
  }

  private longName(name: string, word: ShellWord): string {
    const begun = NAMES.filter((one) => one.startsWith(name))
    const found = NAMES.includes(name) ? name : begun.length === 1 ? begun[0]! : undefined
    if (found !== undefined) return ALIASES[found] ?? found
    const meant = closest(name, NAMES)
    return this.refuse(word, 'is not an option of conntrack that is understood here', meant && `--${meant}`)
  }

  private readOption(name: string, word: ShellWord, glued: string | undefined): void {
    if (name === 'version' || name === 'help') {
      this.command ??= { name, word }
      return
    }
    if (COMMANDS.includes(name)) {
      if (this.command) this.refuse(word, `cannot be used with ${this.command.word.text}: one command at a time`)
      if (['create', 'update', 'add', 'load-file'].includes(name))
        this.refuse(word, 'is not understood here: nfwhy only reads commands that delete entries (-D, -F)')
      this.command = { name, word }
      return
    }
    const value = this.valueOf(name, word, glued)
    if (BESIDES.includes(name)) return
    this.filter ??= word
    if (/port|icmp|state/.test(name)) this.needsProtocol ??= word
    this.readFilter(name, value)
  }

  private valueOf(name: string, word: ShellWord, glued: string | undefined): ShellWord | undefined {
    if (glued !== undefined && OPTIONAL.includes(name))
      this.refuse(word, 'has a value that conntrack ignores: add a blank before the value')
    if (glued !== undefined) return { text: glued, column: word.column + word.text.length - glued.length }
    const next = this.words[this.at]
    if (next && !next.text.startsWith('-')) {
      this.at++
      return next
    }
    if (OPTIONAL.includes(name)) return undefined
    throw new CommandProblem(word, `${word.text} needs a value`)
  }

  private readFilter(name: string, value: ShellWord | undefined): void {
    const { edit } = this
    switch (name) {
      case 'family':
        if (!/^ipv[46]$/.test(value!.text))
          this.refuse(value!, 'is not a family', closest(value!.text, ['ipv4', 'ipv6']))
        this.setFamily(value!.text === 'ipv4' ? 'ip' : 'ip6', value!)
        break
      case 'proto':
        edit.protocol = this.readProtocol(value!)
        break
      case 'src':
      case 'dst':
        edit.original = { ...edit.original, [name]: this.readNetwork(value!) }
        break
      case 'reply-src':
      case 'reply-dst':
        if (value!.text.includes('/'))
          this.refuse(value!, 'is a network: a reply condition takes single addresses only')
        edit.reply = { ...edit.reply, [name.slice(6)]: this.readNetwork(value!) }
        break
      case 'mark':
        this.readMark(value!)
        break
      case 'zone':
        edit.zone = this.readNumber(value!, 0xffff)
        break
      case 'state':
        edit.state = this.readState(value!)
        break
      case 'src-nat':
        edit.srcNat = value ? this.readNat(value) : true
        break
      case 'dst-nat':
        edit.dstNat = value ? this.readNat(value) : true
        break
      default:
        this.readTuple(name, value!)
    }
  }

  private readTuple(name: string, value: ShellWord): void {
    const { edit } = this
    const [, side, end] = /^(orig|reply)-port-(src|dst)$/.exec(name) ?? []
    if (side !== undefined) {
      const key = side === 'orig' ? 'original' : 'reply'
      edit[key] = { ...edit[key], [end === 'src' ? 'sport' : 'dport']: this.readNumber(value, 0xffff) }
      return
    }
    const keys: Readonly<Record<string, keyof TupleFilter>> = { type: 'icmpType', code: 'icmpCode', id: 'icmpId' }
    const key = keys[name.slice('icmp-'.length)]!
    edit.original = { ...edit.original, [key]: this.readNumber(value, key === 'icmpId' ? 0xffff : 0xff) }
  }

  private setFamily(family: 'ip' | 'ip6', word: ShellWord): void {
    if (this.edit.family && this.edit.family !== family) this.refuse(word, 'is of the other family')
    this.edit.family = family
  }

  private readNetwork(word: ShellWord): string {
    const prefix = canonicalPrefix(word.text)
    if (prefix === undefined || /[[%]/.test(word.text))
      this.refuse(word, 'is not an address, and names are not looked up')
    this.setFamily(familyOf(prefix), word)
    return prefix
  }

  private readProtocol(word: ShellWord): string {
    const number = protocolNumber(word.text)
    if (!number)
      this.refuse(word, 'is not a protocol', closest(word.text, ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'gre']))
    return number === 58 ? 'icmpv6' : protocolName(number)
  }

  private readMark(word: ShellWord): void {
    const [, mark, mask] = /^(0x[\da-f]+|\d+)(?:\/(0x[\da-f]+|\d+))?$/i.exec(word.text) ?? []
    if (mark === undefined) this.refuse(word, 'is not MARK or MARK/MASK')
    this.edit.mark = Number(mark)
    if (mask !== undefined && Number(mask) !== 0xffffffff) this.edit.markMask = Number(mask)
  }

  private readState(word: ShellWord): string {
    const { protocol } = this.edit
    const states = protocol === 'tcp' ? STATE_WORDS : undefined
    if (protocol !== undefined && !states) this.refuse(word, `is a state, but ${protocol} has no states here`)
    if (!STATE_WORDS.includes(word.text)) this.refuse(word, 'is not a state of TCP', closest(word.text, STATE_WORDS))
    return word.text
  }

  /** `ADDRESS` or `ADDRESS:PORT`. */
  private readNat(word: ShellWord): string {
    const [, host = word.text, port] = /^([\d.]+|\[.*\]):(\d+)$/.exec(word.text) ?? []
    const address = canonicalAddress(host)
    if (address === undefined || Number(port ?? 0) > 0xffff) this.refuse(word, 'is not an address, or ADDRESS:PORT')
    this.setFamily(familyOf(address), word)
    return port === undefined ? address : `${address.includes(':') ? `[${address}]` : address}:${Number(port)}`
  }

  private readNumber(word: ShellWord, most: number): number {
    if (!/^\d+$/.test(word.text) || Number(word.text) > most) this.refuse(word, `is not a number from 0 to ${most}`)
    return Number(word.text)
  }

  private refuse(word: ShellWord, what: string, suggestion?: string): never {
    throw new CommandProblem(word, `"${word.text}" ${what}`, suggestion)
  }
}

/** As conntrack(8) names them: the last of the kernel's is LISTEN to it. */
const STATE_WORDS: readonly string[] = [...TCP_STATES.slice(0, -1), 'LISTEN']
