/** Port numbers, service names and ranges of them, as libxtables reads them (xtables_parse_port, xtopt_parse_mport). */
import type { Condition, Value } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { compare, type Option, WordError, word } from '../extension.ts'
import { printRange, type Range, rangeValue, readNumber, saysNothing } from './numbers.ts'
import { SERVICES } from './services.ts'

const MAX_PORT = 0xffff

/** A number or a service's name; throws WordError. */
export function readPort(text: string): number {
  const port = Object.hasOwn(SERVICES, text) ? SERVICES[text] : undefined
  if (port !== undefined) return port
  if (!/^\d/.test(text))
    throw new WordError(
      `"${text}" is neither a port number nor the name of a service that nfwhy knows`,
      Object.keys(SERVICES),
    )
  return readNumber(text, MAX_PORT)
}

/** `PORT`, `PORT:PORT`, `:PORT`, `PORT:`; throws WordError. */
function readPorts(text: string, read: (text: string) => number): Range {
  const at = text.indexOf(':')
  if (at < 0) {
    const port = read(text)
    return { from: port, to: port }
  }
  const [low, high] = [text.slice(0, at), text.slice(at + 1)]
  return { from: low === '' ? 0 : read(low), to: high === '' ? MAX_PORT : read(high) }
}

/** As the extensions for TCP and SCTP read ports themselves. */
export const portRange = (more: Partial<Option<Range>> = {}): Option<Range> =>
  word(
    (text) => {
      const range = readPorts(text, readPort)
      if (range.from > range.to) throw new WordError(`the port range ${text} ends before it begins`)
      return range
    },
    (range) => printRange(range),
    more,
  )

/**
 * As libxtables reads ports for the other extensions (XTTYPE_PORTRC): 1.8.9 takes `4:3`, which nothing is in, and
 * leaves numbers to getaddrinfo, which knows neither hex nor octal: `010` is ten.
 */
export const decimalPortRange = (more: Partial<Option<Range>> = {}): Option<Range> =>
  word(
    (text) => readPorts(text, readDecimalPort),
    (range) => printRange(range),
    more,
  )

/** Throws WordError. */
export function readDecimalPort(text: string): number {
  if (/^0[xX]/.test(text)) throw new WordError(`"${text}" is not a decimal number`)
  return readPort(text.replace(/^0+(?=\d)/, ''))
}

/** The options of a protocol with ports, without those that say nothing (`--sport :`). */
export function meantPorts<V extends { sport?: Negatable<Range>; dport?: Negatable<Range> }>(values: V): V {
  const meant = { ...values }
  if (meant.sport && saysNothing(meant.sport, MAX_PORT)) delete meant.sport
  if (meant.dport && saysNothing(meant.dport, MAX_PORT)) delete meant.dport
  return meant
}

/** Conditions of `--sport` and `--dport` on `<protocol> sport` and `<protocol> dport`. */
export function portConditions(
  protocol: string,
  values: { sport?: Negatable<Range>; dport?: Negatable<Range> },
): Condition[] {
  const conditions: Condition[] = []
  for (const side of ['sport', 'dport'] as const) {
    const given = meantPorts(values)[side]
    if (given) conditions.push(onePort(`${protocol} ${side}`, `--${side}`, given))
  }
  return conditions
}

const onePort = (field: string, option: string, { value, not }: Negatable<Range>): Condition =>
  compare(field, rangeValue(value), { words: `${option} ${printRange(value)}`, not })

/** Up to 15 ports, where a range counts as two: multiport's list (XT_MULTI_PORTS). Throws WordError. */
export function readPortList(text: string): Range[] {
  let count = 0
  const list = text.split(',').map((one) => {
    const ends = one.split(':').map(readPort)
    const [from, to = from] = ends
    count += ends.length
    if (from === undefined || to === undefined || ends.length > 2) throw new WordError(`"${one}" is not a port range`)
    if (ends.length === 2 && from >= to) throw new WordError(`the port range ${one} ends before it begins`)
    return { from, to }
  })
  if (count > 15) throw new WordError(`at most 15 ports can be listed (a range counts as two); this list has ${count}`)
  return list
}

export const printPortList = (list: readonly Range[]): string => list.map((one) => printRange(one)).join(',')

export const portListValue = (list: readonly Range[]): Value =>
  list.length === 1 ? rangeValue(list[0]!) : { set: list.map(rangeValue) }
