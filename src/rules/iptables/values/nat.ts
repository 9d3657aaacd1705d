/**
 * What NAT targets rewrite to: `[ADDR[-ADDR]][:PORT[-PORT[/BASE]]]`, IPv6 addresses in brackets where a port follows,
 * and `PORT[-PORT]` alone (libxt_NAT.c).
 */
import type { Negatable } from '../../../model/ruleset.ts'
import type { Nat } from '../../../model/statement.ts'
import { flag, type Option, type RuleContext, WordError, word } from '../extension.ts'
import { readAddress } from './addresses.ts'
import { readNumber } from './numbers.ts'
import { readPort } from './ports.ts'

export interface NatRange {
  addresses?: [string, string]
  ports?: [number, number]
  /** DNAT only: the original port that maps to the first of `ports`. */
  basePort?: number
}

export const natRange = (more: Partial<Option<NatRange>> & { basePort?: boolean }): Option<NatRange> =>
  word((text, context) => readNatRange(text, context, more.basePort ?? false), printNatRange, more)

/** `--to-ports`. */
export const natPorts = (more: Partial<Option<NatRange>> = {}): Option<NatRange> =>
  word(
    (text, context) => readPorts(text, context, false),
    (range) => printNatRange(range).slice(1),
    more,
  )

export const natFlagOptions = { random: flag(), 'random-fully': flag(), persistent: flag() }

function readNatRange(text: string, context: RuleContext, allowBase: boolean): NatRange {
  const [addressText, portText] = splitPort(text, context)
  const range: NatRange = portText === undefined ? {} : readPorts(portText, context, allowBase)
  // `:80` and `[]:80` keep the address
  if (addressText === '' && portText !== undefined) return range
  const dash = addressText.indexOf('-')
  const from = readAddress(dash < 0 ? addressText : addressText.slice(0, dash), context.family)
  range.addresses = [from, dash < 0 ? from : readAddress(addressText.slice(dash + 1), context.family)]
  return range
}

function splitPort(text: string, { family }: RuleContext): [address: string, port: string | undefined] {
  const bracket = family === 'ip6' ? /^\[([^\]]*)\](?::(.*))?$/.exec(text) : null
  if (bracket) return [bracket[1]!, bracket[2]]
  const colon = text.indexOf(':')
  // with a second colon it is an IPv6 address
  return colon < 0 || text.includes(':', colon + 1) ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)]
}

const WITH_PORTS = ['tcp', 'udp', 'sctp', 'dccp', 'icmp']

function readPorts(text: string, { spec }: RuleContext, allowBase: boolean): NatRange {
  if (!WITH_PORTS.includes(spec.protocol?.value ?? ''))
    throw new WordError('a port needs -p tcp, udp, sctp or dccp before it')
  const range = /^(\d[^-/]*)-([^/]+)(?:\/(.+))?$/.exec(text)
  if (!range) {
    const port = readPort(text)
    return { ports: [port, port] }
  }
  const [from, to] = [readNumber(range[1]!, 0xffff), readNumber(range[2]!, 0xffff)]
  if (from > to) throw new WordError(`the port range ${text} ends before it begins`)
  if (range[3] === undefined) return { ports: [from, to] }
  if (!allowBase) throw new WordError(`only DNAT takes a base port ("/${range[3]}")`)
  const basePort = readPort(range[3])
  if (basePort === 0) throw new WordError('the base port 0 is out of range')
  return { ports: [from, to], basePort }
}

function printNatRange({ addresses, ports, basePort }: NatRange): string {
  let text = ''
  if (addresses) text = addresses[0] === addresses[1] ? addresses[0] : `${addresses[0]}-${addresses[1]}`
  if (!ports) return text
  if (text.includes(':')) text = `[${text}]`
  text += `:${ports[0]}`
  if (ports[1] !== ports[0]) text += `-${ports[1]}`
  return basePort === undefined ? text : `${text}/${basePort}`
}

type Flags = { random?: Negatable<true>; 'random-fully'?: Negatable<true>; persistent?: Negatable<true> }

export function natStatement(kind: Nat['kind'], range: NatRange, values: Flags = {}): Nat {
  const flags: NonNullable<Nat['flags']> = []
  if (values.random) flags.push('random')
  if (values['random-fully']) flags.push('fully-random')
  if (values.persistent) flags.push('persistent')
  return { kind, ...range, ...(flags.length > 0 ? { flags } : {}) }
}
