/** What NAT targets rewrite to: `[ADDR[-ADDR]][:PORT[-PORT[/BASE]]]`, IPv6 addresses in brackets where a port follows (libxt_NAT.c). */
import type { Negatable } from '../../../model/ruleset.ts'
import type { Nat } from '../../../model/statement.ts'
import { type IpFamily, type Option, WordError, word } from '../extension.ts'
import { readAddress } from './addresses.ts'
import { readNumber } from './numbers.ts'

export interface NatRange {
  addresses?: [string, string]
  ports?: [number, number]
  /** DNAT only: the original port that maps to the first of `ports`. */
  basePort?: number
}

export const natRange = (more: Partial<Option<NatRange>> & { basePort?: boolean }): Option<NatRange> =>
  word((text, { family }) => readNatRange(text, family, more.basePort ?? false), printNatRange, more)

/** Throws WordError. */
export function readNatRange(text: string, family: IpFamily, allowBase: boolean): NatRange {
  let addressText = text
  let portText: string | undefined
  if (family === 'ip') {
    const colon = text.indexOf(':')
    if (colon >= 0) [addressText, portText] = [text.slice(0, colon), text.slice(colon + 1)]
  } else if (text.startsWith('[')) {
    const close = text.indexOf(']')
    if (close < 0) throw new WordError(`"${text}" lacks the closing bracket`)
    addressText = text.slice(1, close)
    const rest = text.slice(close + 1)
    if (rest !== '' && !rest.startsWith(':'))
      throw new WordError(`":PORT" is expected after the bracket, not "${rest}"`)
    if (rest !== '') portText = rest.slice(1)
  } else if (text.startsWith(':') && !text.startsWith('::')) {
    ;[addressText, portText] = ['', text.slice(1)]
  }
  const range: NatRange = {}
  if (addressText !== '') {
    const dash = addressText.indexOf('-')
    const from = readAddress(dash < 0 ? addressText : addressText.slice(0, dash), family)
    range.addresses = [from, dash < 0 ? from : readAddress(addressText.slice(dash + 1), family)]
  }
  if (portText !== undefined) Object.assign(range, readPorts(portText, allowBase))
  if (!range.addresses && !range.ports) throw new WordError(`"${text}" names neither an address nor a port`)
  return range
}

function readPorts(text: string, allowBase: boolean): Pick<NatRange, 'ports' | 'basePort'> {
  const match = /^([^-/]+)(?:-([^/]+))?(?:\/(.+))?$/.exec(text)
  if (!match) throw new WordError(`"${text}" is not a port or a port range`)
  const from = readNumber(match[1]!, 65535, 1)
  const to = match[2] === undefined ? from : readNumber(match[2], 65535, 1)
  if (from > to) throw new WordError(`the port range ${text} ends before it begins`)
  if (match[3] === undefined) return { ports: [from, to] }
  if (!allowBase) throw new WordError(`only DNAT takes a base port ("/${match[3]}")`)
  return { ports: [from, to], basePort: readNumber(match[3], 65535, 1) }
}

export function printNatRange({ addresses, ports, basePort }: NatRange): string {
  let text = ''
  if (addresses) text = addresses[0] === addresses[1] ? addresses[0] : `${addresses[0]}-${addresses[1]}`
  if (!ports) return text
  if (text.includes(':')) text = `[${text}]`
  text += `:${ports[0]}`
  if (ports[1] !== ports[0]) text += `-${ports[1]}`
  return basePort === undefined ? text : `${text}/${basePort}`
}

type Flags = { random?: Negatable<true>; 'random-fully'?: Negatable<true>; persistent?: Negatable<true> }

export function natFlags(values: Flags): NonNullable<Nat['flags']> {
  const flags: NonNullable<Nat['flags']> = []
  if (values.random) flags.push('random')
  if (values['random-fully']) flags.push('fully-random')
  if (values.persistent) flags.push('persistent')
  return flags
}

export function natStatement(kind: Nat['kind'], range: NatRange, flags: NonNullable<Nat['flags']>): Nat {
  return { kind, ...range, ...(flags.length > 0 ? { flags } : {}) }
}
