/** Is a packet in a named set? Elements as ipset(8) writes them. */
import { inPrefix, parseAddress } from '../model/address.ts'
import { ABSENT, held, type Moment } from './facts.ts'
import { setFields } from './ipset.ts'
import { protocolNumber } from './iptables/protocols.ts'
import { type Truth, unknown } from './truth.ts'

/** `directions`: `src` or `dst` for each part of the set's type; a set of type list:set asks its members. */
export function inSet(name: string, directions: readonly string[], moment: Moment): Truth {
  const set = moment.world.sets.find((one) => one.name === name)
  if (!set) return unknown(`the elements of set ${name} are not known`)
  if (set.type === 'list:set') {
    let open: Truth = false
    for (const element of set.elements) {
      const member = inSet(element.parts[0] ?? '', directions, moment)
      if (member === true) return true
      if (member !== false) open = member
    }
    return open
  }
  const parts = set.type.slice(set.type.indexOf(':') + 1).split(',')
  if (moment.family !== 'ip' && moment.family !== 'ip6') return unknown('ipsets see only IP packets')
  const fields = setFields(set.type, directions, moment.family)
  if (!fields) return false
  const values: (string | number)[] = []
  for (let i = 0; i < parts.length; i++) {
    const value =
      parts[i] === 'port' && set.type !== 'bitmap:port' ? portValue(fields[i]!, moment) : held(fields[i]!, moment)
    if (value === ABSENT) return false
    if (typeof value === 'object') return 'unknown' in value ? value : unknown(`${fields[i]} has several values`)
    values.push(value as string | number)
  }
  let best: { length: number; nomatch: boolean } | undefined
  for (const element of set.elements) {
    const length = elementMatches(element.parts, parts, values)
    if (length !== undefined && (!best || length > best.length)) best = { length, nomatch: element.nomatch ?? false }
  }
  return best !== undefined && !best.nomatch
}

/** `tcp:80`; ICMP's type and code stand for the port. */
function portValue(field: string, moment: Moment): ReturnType<typeof held> {
  const protocol = held('meta l4proto', moment)
  if (typeof protocol !== 'string' && typeof protocol !== 'number') return protocol
  const port = held(field, moment)
  if (typeof port === 'number') return `${protocol}:${port}`
  if (port !== ABSENT) return port
  const { icmpType, icmpCode } = moment.packet
  return icmpType === undefined ? ABSENT : `${protocol}:${icmpType}/${icmpCode ?? 0}`
}

/** The length of the longest prefix that matched, as nomatch elements win over shorter ones; undefined: no match. */
function elementMatches(
  element: readonly string[],
  types: readonly string[],
  values: readonly (string | number)[],
): number | undefined {
  let length = 0
  for (let i = 0; i < types.length; i++) {
    const one = partMatches(types[i]!, element[i] ?? '', values[i]!)
    if (one === undefined) return undefined
    length += one
  }
  return length
}

function partMatches(type: string, element: string, value: string | number): number | undefined {
  switch (type) {
    case 'ip':
    case 'net': {
      const address = parseAddress(String(value))
      if (!address) return undefined
      const range = /^(\S+)-(\S+)$/.exec(element)
      if (range) {
        const [from, to] = [parseAddress(range[1]!), parseAddress(range[2]!)]
        return from && to && order(from, address) <= 0 && order(address, to) <= 0 ? address.length * 8 : undefined
      }
      const slash = element.indexOf('/')
      const network = parseAddress(slash < 0 ? element : element.slice(0, slash))
      const length = slash < 0 ? address.length * 8 : Number(element.slice(slash + 1))
      return network && inPrefix(address, network, length) ? length : undefined
    }
    case 'port': {
      const [protocol, number] = splitPort(String(value))
      const [wantedProtocol, wanted] = splitPort(element)
      // bitmap:port has no protocol
      if (wantedProtocol !== undefined && protocolNumber(wantedProtocol) !== protocolNumber(protocol ?? ''))
        return undefined
      const [from, to = from] = (wanted ?? '').split('-')
      return number === wanted || (Number(number) >= Number(from) && Number(number) <= Number(to)) ? 0 : undefined
    }
    case 'mark':
      return Number(element) === value ? 0 : undefined
    default:
      return element.toLowerCase() === String(value).toLowerCase() ? 0 : undefined
  }
}

function splitPort(text: string): [string | undefined, string | undefined] {
  const colon = text.indexOf(':')
  return colon < 0 ? [undefined, text] : [text.slice(0, colon), text.slice(colon + 1)]
}

function order(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
