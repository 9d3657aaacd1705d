/** One rule's line of `iptables -L` → its columns (iptables/iptables.c print_firewall), and these → iptables-save's words. */

import type { Counters } from '../../../model/counters.ts'
import { splitWords } from '../../../rules/iptables/words.ts'
import { countersOf } from '../counters.ts'
import { MATCH_PATTERNS } from './matches.ts'
import { type Pattern, UNREAD } from './patterns.ts'
import { TARGET_PATTERNS } from './targets.ts'

/** Which columns the listing has, as its header says. */
export interface Columns {
  /** `--line-numbers` */
  numbered: boolean
  /** `-v`: counters and interfaces. */
  verbose: boolean
}

export interface Row {
  counters?: Counters
  /** Absent: the rule only counts. */
  target?: string
  protocol: string
  fragment?: '-f' | '!f'
  in?: string
  out?: string
  source: string
  destination: string
  /** What matches and target say of themselves. */
  extras: string
}

const OPTIONS = new Set(['--', '-f', '!f'])
const ANYWHERE = new Set(['0.0.0.0/0', '::/0', 'anywhere'])
const ADDRESS = /^!?(?:anywhere|\d+\.\d+\.\d+\.\d+(?:\/[\d.]+)?|[\da-fA-F:]*:[\da-fA-F:.]*(?:\/[\da-fA-F:]+)?)$/
const PROTOCOL = /^!?[a-z\d][\w-]*$/
const USUAL = /^!?(?:all|\d+|tcp|udp|udplite|icmp|icmpv6|ipv6-icmp|esp|ah|sctp|dccp|gre)$/
/** Counters are cut to three or four digits with a letter behind them, unless `-x` was given. */
const COUNT = /^\d+[KMGTP]?$/

/** Undefined where the line is no rule. */
export function readRow(line: string, { numbered, verbose }: Columns): Row | undefined {
  const words = [...line.slice(0, 2000).matchAll(/\S+/g)].slice(0, 12)
  const text = (i: number): string => words[i]?.[0] ?? ''
  let at = 0
  if (numbered && !/^\d+$/.test(text(at++))) return undefined
  let counters: Counters | undefined
  if (verbose) {
    const [packets, bytes] = [text(at), text(at + 1)]
    if (!COUNT.test(packets) || !COUNT.test(bytes)) return undefined
    counters = countersOf(packets, bytes)
    at += 2
  }
  const hasTarget = targetIsShown(text, at, verbose)
  const protocolAt = at + (hasTarget ? 1 : 0)
  const option = text(protocolAt + 1)
  const hasOption = OPTIONS.has(option)
  const wayAt = protocolAt + (hasOption ? 2 : 1)
  const sourceAt = wayAt + (verbose ? 2 : 0)
  const last = words[sourceAt + 1]
  if (!last || !PROTOCOL.test(text(protocolAt))) return undefined
  // prose has as many words
  if (!hasOption && !USUAL.test(text(protocolAt)) && !ADDRESS.test(text(sourceAt)) && !ADDRESS.test(last[0]))
    return undefined
  return {
    ...(counters ? { counters } : {}),
    ...(hasTarget ? { target: text(at) } : {}),
    protocol: text(protocolAt),
    ...(option === '-f' || option === '!f' ? { fragment: option } : {}),
    ...(verbose ? { in: text(wayAt), out: text(wayAt + 1) } : {}),
    source: text(sourceAt),
    destination: last[0],
    extras: line.slice(last.index + last[0].length).trim(),
  }
}

/** A rule without a target leaves the column empty; old ip6tables leaves `opt` empty, too. */
function targetIsShown(text: (i: number) => string, at: number, verbose: boolean): boolean {
  if (OPTIONS.has(text(at + 1))) return false
  if (OPTIONS.has(text(at + 2))) return true
  const withoutTarget = at + (verbose ? 3 : 1)
  return !(ADDRESS.test(text(withoutTarget)) && ADDRESS.test(text(withoutTarget + 1)))
}

export interface RowWords {
  /** As iptables-save words the rule, without `-A CHAIN`. */
  words: string[]
  /** What its matches and target say that could not be turned into options. */
  unread: string[]
}

export function wordsOf(row: Row): RowWords {
  const words: string[] = []
  const add = (option: string, value: string) => {
    if (value.startsWith('!')) words.push('!')
    words.push(option, value.replace(/^!/, ''))
  }
  const { source, destination, protocol, fragment } = row
  if (!ANYWHERE.has(source)) add('-s', everywhere(source))
  if (!ANYWHERE.has(destination)) add('-d', everywhere(destination))
  if (row.in !== undefined && row.in !== '*' && row.in !== 'any') add('-i', row.in)
  if (row.out !== undefined && row.out !== '*' && row.out !== 'any') add('-o', row.out)
  if (protocol !== '0' && protocol !== 'all') add('-p', protocol)
  if (fragment) words.push(...(fragment === '!f' ? ['!', '-f'] : ['-f']))
  const { target = '' } = row
  const read = readExtras(row.extras.replace(/^\[goto\] ?/, ''), target)
  words.push(...splitWords(read.matches.join(' ')))
  if (target !== '') words.push(row.extras.startsWith('[goto]') ? '-g' : '-j', target, ...splitWords(read.target))
  return { words, unread: read.unread }
}

/** `!anywhere`, which matches nothing, has no number to it. */
const everywhere = (address: string): string => address.replace(/anywhere$/, '0.0.0.0/0')

/** More than the longest comment and any match; what is longer is no line of iptables. */
const LONGEST = 4000
/** How many words further on the target's own text is looked for behind something that is not understood. */
const MOST_WORDS = 60

interface Extras {
  matches: string[]
  target: string
  unread: string[]
}

function readExtras(text: string, target: string): Extras {
  const read: Extras = { matches: [], target: '', unread: [] }
  const own = Object.hasOwn(TARGET_PATTERNS, target) ? TARGET_PATTERNS[target]! : []
  if (text.length > LONGEST) return { ...read, unread: [text] }
  for (let at = 0; at < text.length; ) {
    if (text[at] === ' ') {
      at++
      continue
    }
    const last = find(own, text, at)
    if (last) {
      read.target = last.words
      return read
    }
    const match = find(MATCH_PATTERNS, text, at)
    if (!match) {
      const targetAt = findTarget(own, text, at)
      read.unread.push(text.slice(at, targetAt).trim())
      at = targetAt
    } else {
      if (match.words === UNREAD) read.unread.push(text.slice(at, match.end).trim())
      else read.matches.push(match.words)
      at = match.end
    }
  }
  return read
}

/** Where the target's text begins that reaches to the end; the end itself where there is none. */
function findTarget(own: readonly Pattern[], text: string, from: number): number {
  let at = from
  for (let word = 0; word < MOST_WORDS && own.length > 0; word++) {
    at = text.indexOf(' ', at) + 1
    if (at === 0) break
    if (find(own, text, at)) return at
  }
  return text.length
}

function find(patterns: readonly Pattern[], text: string, at: number): { words: string; end: number } | undefined {
  for (const [pattern, make] of patterns) {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (!found || found[0] === '') continue
    const end = at + found[0].length
    const words = make(found)
    if (words !== undefined && (end >= text.length || text[end] === ' ' || text[end - 1] === ' ')) return { words, end }
  }
  return undefined
}

/** The row with single blanks, as its rule's text: it is no command. */
export const rowText = (row: Row): string =>
  [row.target, row.protocol, row.fragment ?? '--', row.in, row.out, row.source, row.destination, row.extras]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
