/** The words of a rule of iptables', changed in the one place where it missed a packet, so that it takes it. */
import { matchedDevice } from '../../edits/words.ts'
import { HOST_PART, isHostPartOf, networkAddress, parseAddress } from '../../model/address.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import {
  asks,
  asksDestinationType,
  asksQuality,
  asksUnspecified,
  type FailedCondition,
  fieldOf,
  isNegated,
} from '../counterfactual/failed-condition.ts'
import { isOtherEnd, isPassingPort } from '../counterfactual/other-end.ts'
import type { Correction } from './rule-changes.ts'

/** The words with the one that fits; undefined where it is not clear what that would be. */
export function corrected(
  words: readonly string[],
  miss: FailedCondition,
  packet: Packet,
  { turned: turns = false, rename, handshake }: Correction = {},
): string[] | undefined {
  const { condition } = miss
  const text = asks(miss)
  const option = optionOf(text)
  const at = words.indexOf(option)
  if (at < 0) return undefined
  if (rename) return words.with(at + 1, rename.to)
  // what it must not be: the packet is just that
  if (isNegated(condition)) return withoutEmpty(words.toSpliced(at - 1, text.replace(/^! /, '').split(' ').length + 1))
  // for nat the port says what it is for
  if (asksUnspecified(condition) && rewritesDestination(words)) return words.toSpliced(at, 2)
  const turned = turns || isOtherEnd(miss, packet) ? OTHER_END[option] : undefined
  if (turned !== undefined) return withEndsTurned(words, at, turned)
  const field = fieldOf(condition)
  // the next packet comes from another one
  if (isPassingPort(miss, packet)) return withoutEmpty(words.toSpliced(at, 2))
  if (field === 'meta l4proto') return withProtocol(words, packet)
  if (asksDestinationType(condition) && rewritesDestination(words)) return undefined
  if (asksQuality(condition)) return withoutEmpty(words.toSpliced(at, text.split(' ').length))
  const value = field === undefined ? undefined : valueFor(field, option, words[at + 1] ?? '', packet)
  const more = handshake && field === 'ct state' ? ',INVALID' : ''
  return value === undefined ? undefined : words.with(at + 1, `${value}${more}`)
}

/** Without what kept it from matching. */
export function eased(words: readonly string[], miss: FailedCondition): string[] | undefined {
  const text = asks(miss)
  const at = words.indexOf(optionOf(text))
  const before = Number(isNegated(miss.condition))
  return at < 0
    ? undefined
    : withoutEmpty(words.toSpliced(at - before, text.replace(/^! /, '').split(' ').length + before))
}

/** `-d` and `--dport` as conntrack has them of the connection; undefined where it has no such option, as for lists of ports. */
export function beforeNat(words: readonly string[]): string[] | undefined {
  const isList = words.some((word, i) => words[i - 1] === '--dports' && word.includes(','))
  if (isList || words.includes('--match-set')) return undefined
  const asked: string[] = []
  let rest = [...words]
  for (const [option, instead] of BEFORE_NAT) {
    const at = rest.indexOf(option)
    if (at < 0) continue
    // conntrack has each option once
    if (rest[at - 1] === '!' || asked.includes(instead)) return undefined
    asked.push(instead, rest[at + 1]!)
    rest = withoutEmpty(rest.toSpliced(at, 2))
  }
  const target = rest.findIndex((word) => word === '-j' || word === '-g')
  return asked.length === 0 || target < 0 ? undefined : rest.toSpliced(target, 0, '-m', 'conntrack', ...asked)
}

const BEFORE_NAT = [
  ['-d', '--ctorigdst'],
  ['--dport', '--ctorigdstport'],
  ['--dports', '--ctorigdstport'],
] as const

const rewritesDestination = (words: readonly string[]): boolean => words.some((word) => /^(DNAT|REDIRECT)$/.test(word))

const OTHER_END: Readonly<Record<string, string>> = {
  ...{ '-s': '-d', '-d': '-s', '--sport': '--dport', '--dport': '--sport' },
  ...{ '--sports': '--dports', '--dports': '--sports' },
}

/** Each option once: what the rule asks of the other end goes to this one. Of both ends the same, the one that failed is left out. */
function withEndsTurned(words: readonly string[], at: number, turned: string): string[] {
  const other = words.indexOf(turned)
  if (other < 0) return words.with(at, turned)
  if (words[other + 1] === words[at + 1]) return withoutEmpty(words.toSpliced(at, 2))
  return words.with(at, turned).with(other, words[at]!)
}

/** Without a match whose last option is gone. */
function withoutEmpty(words: readonly string[]): string[] {
  const at = words.findIndex((word, i) => word === '-m' && /^-[mjg]$/.test(words[i + 2] ?? '-j'))
  return at < 0 ? [...words] : words.toSpliced(at, 2)
}

/** `--dport` of `! --dport 80`. */
const optionOf = (text: string): string => text.replace(/^! /, '').split(' ')[0] ?? ''

/** The protocol, and the match that reads its ports. */
function withProtocol(words: readonly string[], { protocol }: Packet): string[] | undefined {
  if (protocol === undefined) return undefined
  const old = words[words.indexOf('-p') + 1]!
  const name = protocol === 'icmpv6' ? 'ipv6-icmp' : protocol
  // other protocols have other options
  const reads = words.some((word, i) => word === '-m' && words[i + 1] === old)
  if (reads && !(isPlain(old) && isPlain(name))) return undefined
  return words.map((word, i) => (word === old && (words[i - 1] === '-p' || words[i - 1] === '-m') ? name : word))
}

const isPlain = (protocol: string): boolean => protocol === 'tcp' || protocol === 'udp'

type Value = (packet: Packet, old: string, option: string) => string | undefined

const VALUES: readonly [RegExp, Value][] = [
  [/^ip6? saddr$/, ({ src }, old) => network(src, old)],
  [/^ip6? daddr$/, ({ dst }, old) => network(dst, old)],
  [/^meta iifname$/, ({ in: name }) => device(name)],
  [/^meta oifname$/, ({ out }) => device(out)],
  [/^meta physiifname$/, ({ physIn }) => device(physIn)],
  [/^meta physoifname$/, ({ physOut }) => device(physOut)],
  [/ dport$/, ({ dport }, old, option) => port(dport, old, option)],
  [/ sport$/, ({ sport }, old, option) => port(sport, old, option)],
  [/^ct (state|status)$/, ({ ctState }, old) => ctState && `${old},${ctState.toUpperCase()}`],
  [/^meta skuid$/, ({ uid }) => uid?.toString()],
  [/^meta skgid$/, ({ gid }) => gid?.toString()],
  [/^ether saddr$/, ({ srcMac }) => srcMac],
  [/^icmp(v6)? type$/, ({ icmpType }) => icmpType?.toString()],
]

function valueFor(field: string, option: string, old: string, packet: Packet): string | undefined {
  const value = VALUES.find(([pattern]) => pattern.test(field))?.[1]
  const told = value?.(packet, old, option)
  return isNameless(told) ? undefined : told
}

/** Some names mean something else there. */
const device = (name: string | undefined): string | undefined =>
  name !== undefined && typeof matchedDevice(name) === 'string' ? name : undefined

/** As wide as the rule's own; with a mask that has gaps, the address alone. */
function network(address: string | undefined, old: string): string | undefined {
  const bytes = parseAddress(address ?? '')
  if (!bytes) return undefined
  const [host = ''] = old.split('/')
  if (isHostPartOf(host, address!)) return `${host}/${HOST_PART}`
  const width = bytes.length * 8
  const length = /\/(\d+)$/.exec(old)?.[1]
  const ones = length === undefined ? width : Number(length)
  return `${networkAddress(bytes, ones)}/${ones}`
}

/** One of a list is added to it. */
const port = (value: number | undefined, old: string, option: string): string | undefined =>
  value === undefined ? undefined : /s$/.test(option) && old !== '' ? `${old},${value}` : String(value)
