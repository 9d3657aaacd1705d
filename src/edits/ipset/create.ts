/** `create NAME TYPE OPTIONS` → a set as it begins (ipset 7.17, lib/session.c, lib/ipset_*.c). */
import { formatAddress, maskToLength, parseAddress } from '../../model/address.ts'
import { Refusal } from '../../model/refusal.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { closest } from '../../rules/closest.ts'
import { WordError } from '../../rules/iptables/extension.ts'
import { readNumber } from '../../rules/iptables/values/numbers.ts'
import { portsOf } from './element.ts'
import { fromNumber, readIpv4, toNumber } from './ipv4.ts'
import { createOptions, SET_TYPES, type SetType, setType } from './types.ts'

/** A word that is wrong; `at` is its place among `words`, beyond them where one is missing. */
export class CreateProblem extends Refusal {
  readonly at: number
  readonly suggestion: string | undefined

  constructor(at: number, message: string, suggestion?: string) {
    super(message)
    this.at = at
    this.suggestion = suggestion
  }
}

/** `words`: the type and what follows it. What is wrong goes to `problem`, which may throw; the rest is read on. */
export function readCreate(name: string, words: readonly string[], problem: (one: CreateProblem) => void): NamedSet {
  const [typeName] = words
  const type = setType(typeName ?? '')
  if (!type) {
    const names = SET_TYPES.map((one) => one.name)
    problem(
      typeName === undefined
        ? new CreateProblem(0, 'create needs the type of the set, as hash:ip')
        : new CreateProblem(0, `"${typeName}" is not a type of ipset`, closest(typeName, names)),
    )
    return { name, type: typeName ?? '', elements: [] }
  }
  const set: NamedSet = { name, type: type.name, ...defaults(type), elements: [] }
  const known = createOptions(type)
  const given = new Set<string>()
  for (let at = 1; at < words.length; at++) {
    const option = words[at]!.replace(/^--/, '')
    if (!Object.hasOwn(known, option)) {
      problem(new CreateProblem(at, `a ${type.name} has no option "${words[at]}"`, closest(option, Object.keys(known))))
      continue
    }
    if (given.has(option)) problem(new CreateProblem(at, `${option} is given twice`))
    given.add(option)
    const value = known[option] ? words[++at] : ''
    if (value === undefined) problem(new CreateProblem(at, `${option} needs a value`))
    else
      try {
        setOption(set, option, value)
      } catch (error) {
        if (!(error instanceof WordError)) throw error
        problem(new CreateProblem(at, `${option}: ${error.message}`, closest(value, error.names)))
      }
  }
  const wrong = type.name.startsWith('bitmap:') && rangeProblem(set)
  if (wrong) problem(new CreateProblem(words.length, wrong))
  return set
}

function defaults({ name, parts }: SetType): Partial<NamedSet> {
  if (name === 'list:set') return { most: 8 }
  if (!name.startsWith('hash:')) return {}
  return { most: 65_536, ...(parts.some((part) => /^(ips?|net)$/.test(part)) ? { addresses: 'ip' } : {}) }
}

/** Throws WordError. */
function setOption(set: NamedSet, option: string, value: string): void {
  switch (option) {
    case 'family':
      set.addresses = readFamily(value)
      break
    case 'maxelem':
      set.most = readNumber(value)
      break
    case 'size':
      set.most = Math.max(4, readNumber(value))
      break
    case 'timeout':
      set.timeout = readNumber(value, MOST_SECONDS)
      break
    case 'netmask':
      set.addressMask = readNumber(value, set.addresses === 'ip6' ? 128 : 32, 1)
      break
    case 'bitmask':
      set.addressMask = readMask(value)
      break
    case 'markmask':
      set.markMask = readNumber(value)
      break
    case 'range':
    case 'from':
    case 'to':
    case 'network':
      setRange(set, option, value)
      break
    case 'forceadd':
      set.forceadd = true
      break
    case 'counters':
    case 'comment':
    case 'skbinfo':
      set.carries = [...(set.carries ?? []).filter((one) => one !== option), option]
      break
    default:
      readNumber(value)
  }
}

/** What the kernel counts in its clock's ticks ends there. */
export const MOST_SECONDS = 2_147_483

function readFamily(text: string): 'ip' | 'ip6' {
  if (/^(inet|ipv4|-4)$/.test(text)) return 'ip'
  if (/^(inet6|ipv6|-6)$/.test(text)) return 'ip6'
  throw new WordError(`"${text}" is not a family`, ['inet', 'inet6'])
}

function readMask(text: string): number | string {
  const bytes = parseAddress(text)
  if (!bytes || bytes.every((byte) => byte === 0)) throw new WordError(`"${text}" is not a mask`)
  return maskToLength(bytes) ?? formatAddress(bytes)
}

/** `A-B`, or `A/LENGTH` of addresses; `from A` and `to B` come one after the other. */
function setRange(set: NamedSet, option: string, value: string): void {
  const [low = '', high = ''] = (set.range ?? '').split('-')
  if (option === 'from') set.range = `${readEnd(set, value)}-${high}`
  else if (option === 'to') set.range = `${low}-${readEnd(set, value)}`
  else if (set.type === 'bitmap:port') {
    const ports = portsOf(value.replace(/^(tcp|udp):/i, ''))
    if (!value.includes('-')) throw new WordError(`"${value}" is not a range (FROM-TO)`)
    set.range = `${ports[0]}-${ports.at(-1)}`
  } else set.range = addressRange(value)
}

const readEnd = ({ type }: NamedSet, text: string): string =>
  type === 'bitmap:port' ? String(portsOf(text)[0]) : formatAddress(readAddress(text))

function readAddress(text: string): Uint8Array {
  const bytes = readIpv4(text)
  if (!bytes) throw new WordError(`"${text}" is not an IPv4 address`)
  return bytes
}

function addressRange(text: string): string {
  const [first = '', last] = text.split('-')
  if (last !== undefined) {
    return [first, last].map((end) => formatAddress(readAddress(end))).join('-')
  }
  const [host = '', length] = text.split('/')
  if (length === undefined) throw new WordError(`"${text}" is not a range (FROM-TO or NETWORK/LENGTH)`)
  const size = 2 ** (32 - readNumber(length, 32, 1))
  const start = toNumber(readAddress(host))
  const begin = start - (start % size)
  return `${formatAddress(fromNumber(begin))}-${formatAddress(fromNumber(begin + size - 1))}`
}

function rangeProblem(set: NamedSet): string | undefined {
  const [low = '', high = ''] = (set.range ?? '').split('-')
  if (low === '' || high === '') return `a ${set.type} needs a range`
  const ends = [low, high]
    .map((one) => (one.includes('.') ? toNumber(readAddress(one)) : Number(one)))
    .sort((a, b) => a - b)
  const [from, to] = ends as [number, number]
  set.range = (set.type === 'bitmap:port' ? ends : ends.map((end) => formatAddress(fromNumber(end)))).join('-')
  const mask = typeof set.addressMask === 'number' ? set.addressMask : 32
  return (to - from + 1) / 2 ** (32 - mask) > 65_536
    ? `the range ${set.range} is larger than the 65536 elements of a ${set.type}`
    : undefined
}
