/** What a filter may go on with at a place, for whoever completes it: found by asking the parser, word by word. */
import type { ValueOf } from './error.ts'
import { endOf, WORDS } from './parse.ts'
import { PROTOCOL_WORDS } from './protocols.ts'
import { BETWEEN } from './tokens.ts'

export interface Next {
  /** Where the word at the place begins and ends, in characters from 0. */
  from: number
  to: number
  /** Words of the language that can stand there, and begin as it does; what is asked for most comes first. */
  words: string[]
  /** What a value there would be of; absent: none can stand there. */
  value?: ValueOf
  /** Can this value stand there? */
  takes(value: string): boolean
}

const FIRST = ['tcp', 'udp', 'icmp', 'icmp6', 'host', 'src', 'dst', 'port', 'net', 'in', 'out', 'syn', 'mark'].concat([
  ...['and', 'or', 'not', ')'],
])
const ORDER: readonly string[] = [...FIRST, ...WORDS.filter((word) => !FIRST.includes(word)), '(']

/** `at`: characters before the place. What stands after the word is not looked at. */
export function nextIn(filter: string, at: number): Next {
  let [from, to] = [at, at]
  while (from > 0 && !BETWEEN.test(filter[from - 1]!)) from--
  while (to < filter.length && !BETWEEN.test(filter[to]!)) to++
  const before = filter.slice(0, from)
  const typed = filter.slice(from, at)
  const end = endOf(before)
  const takes = (value: string) => endOf(before + value)?.isWhole === true
  if (!end) return { from, to, words: [], takes: () => false }
  const { wanted } = end
  const canFollow = (word: string): boolean => {
    // a mask is refused only once it is whole
    const after = before + (word === 'mask' ? 'mask 255.255.255.255' : word)
    // an interface may be named like a word of the language, but nobody means that
    return leadsOn(after) && !(wanted?.isNeeded && endOf(after)?.isWhole)
  }
  return {
    from,
    to,
    words: ORDER.filter((word) => word.startsWith(typed) && canFollow(word)),
    ...(wanted ? { value: wanted.of } : {}),
    takes,
  }
}

/** Words behind which a value can stand at last: `tcp src` and `port`. */
const MOST_WORDS = 2

/** Can it be read, or is there something with which it can be? `icmp src` leads nowhere. */
function leadsOn(filter: string, more = MOST_WORDS): boolean {
  const end = endOf(filter)
  if (!end) return false
  return (
    end.isWhole ||
    end.wanted !== undefined ||
    (more > 0 && WORDS.some((word) => leadsOn(`${filter} ${word}`, more - 1)))
  )
}

const MEANINGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(PROTOCOL_WORDS.map((word) => [word, 'protocol'])),
  ...{
    ip: 'IPv4',
    ip6: 'IPv6',
    host: 'address',
    net: 'network',
    mask: 'network mask',
    proto: 'protocol by number or name',
  },
  ...{ src: 'source', dst: 'destination', saddr: 'source address', daddr: 'destination address' },
  ...{ port: 'number or service', portrange: 'range of ports', sport: 'source port', dport: 'destination port' },
  ...{ in: 'input interface', out: 'output interface', mark: 'packet mark', syn: 'first packet of a TCP connection' },
  ...{ ipid: 'IP ID', seq: 'TCP sequence number', icmpid: 'ICMP id', opt: 'TCP options in hex' },
  ...{
    and: 'both match',
    or: 'one of them matches',
    not: 'does not match',
    '(': 'begin a group',
    ')': 'end the group',
  },
}

/** What a word of the language is for. */
export const meaningOf = (word: string): string => MEANINGS[word] ?? ''
