/** How nft writes the values of a selector or of a set's type: its datatype, as far as that shows in print (src/datatype.c). */
import { wordTable } from '../../../model/word-table.ts'
import type { Expression } from '../ast.ts'
import type { SetType } from '../objects.ts'

/** `plain`: decimal numbers and names as they are; `name`: in quotes; `bits`: flags; the others say how numbers look. */
export type Kind = 'plain' | 'name' | 'mark' | 'bits' | 'hex' | 'hex2' | 'hex4' | 'time' | 'handle'

/** One kind, or one for each part of a concatenation. */
export type Kinds = Kind | Kind[]

const META: Readonly<Record<string, Kind>> = wordTable({
  mark: 'mark',
  protocol: 'hex4',
  ibrvproto: 'hex4',
  priority: 'handle',
  rtclassid: 'name',
})
const NAMES = new Set([
  'iif',
  'oif',
  'iifname',
  'oifname',
  'ibrname',
  'obrname',
  'sdif',
  'sdifname',
  'iifkind',
  'oifkind',
  'iifgroup',
  'oifgroup',
  'time',
  'day',
  'hour',
])
const CT: Readonly<Record<string, Kind>> = wordTable({
  mark: 'mark',
  helper: 'name',
  expiration: 'time',
  state: 'bits',
  status: 'bits',
  event: 'bits',
})
const PAYLOAD: Readonly<Record<string, Kind>> = wordTable({
  'ether type': 'hex4',
  'vlan type': 'hex4',
  'arp ptype': 'hex4',
  'gre protocol': 'hex4',
  'ip dscp': 'hex2',
  'ip6 dscp': 'hex2',
  'tcp flags': 'bits',
  'comp flags': 'hex',
})

/** Of what an expression gives. */
export function kindsOf(expression: Expression): Kinds {
  if (typeof expression !== 'object') return 'plain'
  if (Array.isArray(expression)) return expression.length > 0 ? kindsOf(expression[0]!) : 'plain'
  if ('concat' in expression) return expression.concat.flatMap((part) => kindsOf(part))
  if ('payload' in expression) return 'field' in expression.payload ? field(expression.payload) : 'hex'
  if ('meta' in expression) return NAMES.has(expression.meta.key) ? 'name' : (META[expression.meta.key] ?? 'plain')
  if ('ct' in expression) return CT[expression.ct.key] ?? 'plain'
  if ('fib' in expression) return expression.fib.result === 'type' ? 'plain' : 'name'
  if ('osf' in expression || ('rt' in expression && expression.rt.key === 'classid')) return 'name'
  if ('socket' in expression) return expression.socket.key === 'cgroupv2' ? 'name' : socketKind(expression.socket.key)
  if ('elem' in expression) return kindsOf(expression.elem.val)
  if ('map' in expression) return 'plain'
  for (const operator of ['|', '&', '^', '<<', '>>'])
    if (operator in expression) return kindsOf((expression as unknown as Record<string, Expression[]>)[operator]![0]!)
  return 'plain'
}

const socketKind = (key: string): Kind => (key === 'mark' ? 'mark' : 'plain')

const field = ({ protocol, field }: { protocol: string; field: string }): Kind =>
  PAYLOAD[`${protocol} ${field}`] ?? 'plain'

const TYPES: Readonly<Record<string, Kind>> = wordTable({
  mark: 'mark',
  ifname: 'name',
  iface_index: 'name',
  devgroup: 'name',
  string: 'name',
  time: 'name',
  day: 'name',
  hour: 'name',
  ether_type: 'hex4',
  dscp: 'hex2',
  classid: 'handle',
  realm: 'name',
  ct_state: 'bits',
  ct_status: 'bits',
  ct_event: 'bits',
  tcp_flag: 'bits',
})

/** Of a set's elements, or a map's data. */
export function kindsOfType(type: SetType): Kinds {
  if (typeof type === 'string') return TYPES[type] ?? 'plain'
  if (Array.isArray(type)) return type.map((one) => TYPES[one] ?? 'plain')
  return kindsOf(type.typeof)
}

/** What a map's data may be that names objects. */
export const OBJECT_TYPES: ReadonlySet<string> = new Set([
  'counter',
  'quota',
  'limit',
  'secmark',
  'synproxy',
  'ct helper',
  'ct timeout',
  'ct expectation',
])
