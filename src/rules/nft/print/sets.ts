/** Sets and maps as `nft list` prints them (set_print_declaration in nft's src/rule.c). */
import type { AnonymousSet, Expression } from '../ast.ts'
import type { MapObject, MeterObject, SetObject, SetType } from '../objects.ts'
import { printExpression, printMember } from './expressions.ts'
import { type Kinds, kindsOfType, OBJECT_TYPES } from './kinds.ts'
import { type PrintOptions, printHandle } from './rule.ts'
import { printStatement } from './statements.ts'
import { printTime, quoted } from './values.ts'

type Body = SetObject['set'] & { map?: SetType }

/** The lines of its block, each without indentation; elements come last. */
export function setLines(object: SetObject | MapObject | MeterObject): string[] {
  const body = ('set' in object ? object.set : 'map' in object ? object.map : object.meter) as Body
  const lines = [printTypes(body)]
  const { policy, size, timeout } = body
  if (policy !== undefined && policy !== 'performance') lines.push(`policy ${policy}`)
  if (size !== undefined) lines.push(`size ${size}`)
  const flags = [body.flags ?? []].flat()
  // a default timeout says as much
  if (flags.some((flag) => flag !== 'timeout' || timeout === undefined))
    lines.push(`flags ${FLAGS.filter((flag) => flags.includes(flag)).join(',')}`)
  if (body.stmt) lines.push(body.stmt.map((one) => printStatement(one)).join(' '))
  if (body['auto-merge']) lines.push('auto-merge')
  if (timeout !== undefined) lines.push(`timeout ${printTime(timeout)}`)
  if (body['gc-interval'] !== undefined) lines.push(`gc-interval ${printTime(body['gc-interval'])}`)
  if (body.comment !== undefined) lines.push(`comment ${quoted(body.comment)}`)
  const elements = [body.elem ?? []].flat() as AnonymousSet['set']
  const members = Array.isArray(body.elem) ? (body.elem as AnonymousSet['set']) : elements
  if (members.length > 0) lines.push(`elements = ${printElements(members, body.type, dataKinds(body.map))}`)
  return lines
}

const FLAGS = ['constant', 'dynamic', 'interval', 'timeout']

export const setHead = (object: SetObject | MapObject | MeterObject, options: PrintOptions): string => {
  const [kind = '', body] = Object.entries(object)[0] as [string, Body]
  return `${kind} ${body.name} {${printHandle(body.handle, options)}`
}

function printTypes(body: Body): string {
  const key = printType(body.type)
  const word = typeof body.type === 'object' && 'typeof' in body.type ? 'typeof' : 'type'
  if (body.map === undefined) return `${word} ${key}`
  return `${word} ${key} : ${body['data-interval'] ? 'interval ' : ''}${printType(body.map)}`
}

const printType = (type: SetType): string =>
  typeof type === 'string' ? type : Array.isArray(type) ? type.join(' . ') : printExpression(type.typeof)

const dataKinds = (map: SetType | undefined): Kinds =>
  typeof map === 'string' && OBJECT_TYPES.has(map) ? 'name' : map === undefined ? 'plain' : kindsOfType(map)

/** `{ … }`, as many in a line as nft has of this type. */
export function printElements(members: AnonymousSet['set'], type: SetType, values: Kinds = 'plain'): string {
  const keys = kindsOfType(type)
  const most = perLine(type)
  const text = members.map((member) => printMember(member, keys, values))
  let list = ''
  text.forEach((one, at) => {
    list += at === 0 ? one : at % most === 0 ? `,\n\t\t\t     ${one}` : `, ${one}`
  })
  return `{ ${list} }`
}

/** Types of which several stand in a line (calculate_delim in nft's src/expression.c); others have a line each. */
const FIVE = new Set([
  'integer',
  'arp_op',
  'inet_proto',
  'inet_service',
  'tcp_flag',
  'dccp_pkttype',
  'mark',
  'iface_index',
  'classid',
  'uid',
  'gid',
  'ct_dir',
  'nf_proto',
])
const TWO = new Set(['ipv4_addr', 'ct_state', 'ct_status', 'pkt_type'])

/** Lines are broken behind the sixth, or third, element and so on. */
function perLine(type: SetType): number {
  if (typeof type === 'string') return FIVE.has(type) ? 5 : TWO.has(type) ? 2 : 1
  if (Array.isArray(type)) return 1
  return typeofPerLine(type.typeof)
}

function typeofPerLine(expression: Expression): number {
  if (typeof expression !== 'object' || Array.isArray(expression)) return 1
  if ('payload' in expression && 'field' in expression.payload) {
    const { protocol, field } = expression.payload
    if (field === 'saddr' || field === 'daddr') return protocol === 'ip' ? 2 : 1
    return field === 'type' || field === 'dscp' ? 1 : 5
  }
  return 1
}
