/** Is a packet in an ipset? Each type as its file in net/netfilter/ipset takes the packet apart. */
import { maskFromLength } from '../model/address.ts'
import { memo } from '../model/memo.ts'
import type { NamedSet } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { ABSENT, type EvalContext } from './eval-context.ts'
import { reader } from './facts.ts'
import { setFields } from './ipset.ts'
import { protocolNumber } from './iptables/protocols.ts'
import { type Elements, elementsOf, findElement, mayHold, type PartValue, portValue } from './set-elements.ts'
import { any, isUnknown, type Truth, type Unknown, unknown } from './truth.ts'
import { addressBytes } from './values.ts'

/** `directions`: `src` or `dst` for each part of the set's type; a set of type list:set asks its members. */
export function inSet(name: string, directions: readonly string[], moment: EvalContext): Truth {
  const set = ipsets(moment.world.sets).get(name)
  if (!set) return unknown(`the elements of set ${name} are not known`)
  if (set.type === 'list:set') {
    const members = set.elements.map(
      ({ parts }) =>
        (at: EvalContext) =>
          inSet(parts[0] ?? '', directions, at),
    )
    return any(members, moment)
  }
  if (moment.family !== 'ip' && moment.family !== 'ip6') return unknown('an ipset matches IP packets only')
  const fields = setFields(set.type, directions, moment.family)
  const elements = elementsOf(set)
  if (!fields || (elements.family ?? moment.family) !== moment.family) return false
  const values: (PartValue | undefined)[] = []
  let open: Unknown | undefined
  for (const [i, field] of fields.entries()) {
    const value = partValue(elements.parts[i]!, field, set, elements, moment)
    if (value === ABSENT) return false
    if (isUnknown(value)) open ??= value
    values.push(isUnknown(value) ? undefined : value)
  }
  if (open) return mayHold(elements, values) ? open : false
  const found = findElement(elements, values as PartValue[])
  return found !== undefined && !found.nomatch
}

/** Only an ipset belongs to no table. */
const ipsets = memo(
  (sets: World['sets']): ReadonlyMap<string, NamedSet> =>
    new Map(sets.filter(({ table }) => table === undefined).map((set) => [set.name, set])),
)

type Value = PartValue | typeof ABSENT | Unknown

function partValue(part: string, field: string, set: NamedSet, elements: Elements, moment: EvalContext): Value {
  if (part === 'port') return packetPort(field.endsWith('sport') ? 'sport' : 'dport', elements.plainPorts, moment)
  const held = reader(field)(moment)
  if (held === ABSENT || isUnknown(held)) return held
  switch (part) {
    case 'ip':
    case 'net': {
      const bytes = addressBytes(String(held))
      return bytes ? masked(bytes, set.addressMask) : unknown(`"${held}" is not an address`)
    }
    case 'mark':
      return String((Number(held) & (set.markMask ?? -1)) >>> 0)
    case 'iface':
      return held === '' ? ABSENT : String(held)
    default:
      return String(held).toLowerCase()
  }
}

function masked(address: Uint8Array, mask: NamedSet['addressMask']): Uint8Array {
  if (mask === undefined) return address
  const bits = typeof mask === 'string' ? addressBytes(mask) : maskFromLength(mask, address.length * 8)
  return bits?.length === address.length ? address.map((byte, i) => byte & bits[i]!) : address
}

const WITH_PORTS: readonly (number | undefined)[] = ['tcp', 'udp', 'udplite', 'sctp'].map(protocolNumber)
const ICMP: readonly (number | undefined)[] = ['icmp', 'icmpv6'].map(protocolNumber)
const PLAIN: readonly (number | undefined)[] = ['tcp', 'udp'].map(protocolNumber)

/** Other protocols have port 0 (ip_set_getport.c); a set of plain ports knows TCP and UDP alone. */
function packetPort(side: 'sport' | 'dport', plain: boolean, { packet, family }: EvalContext): Value {
  if (packet.protocol === undefined) return unknown('the protocol is not known')
  const number = protocolNumber(packet.protocol)
  if (plain && !PLAIN.includes(number)) return ABSENT
  const later = (packet.fragOffset ?? 0) > 0
  if (later && family === 'ip6') return ABSENT
  if (WITH_PORTS.includes(number)) {
    if (later) return ABSENT
    const port = packet[side]
    return port === undefined ? unknown('the ports are not known') : portValue(plain ? undefined : number, port)
  }
  if (!ICMP.includes(number)) return portValue(number, 0)
  if (later) return ABSENT
  const { icmpType, icmpCode } = packet
  if (icmpType === undefined || icmpCode === undefined) return unknown("ICMP's type and code are not known")
  return portValue(number, icmpType * 256 + icmpCode)
}
