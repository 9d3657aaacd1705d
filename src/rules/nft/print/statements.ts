/** Statements as `nft list` prints them (nft 1.0.6, src/statement.c). */
import type { Expression, ObjectReference, Statement } from '../ast.ts'
import { printExpression, printMapData, printVerdict } from './expressions.ts'
import { type Kinds, kindsOf } from './kinds.ts'
import { printLog } from './log.ts'
import { printMatch } from './match.ts'
import { printNat, printTproxy } from './nat.ts'
import { printSelector } from './selectors.ts'
import { printCount, printCounter, printLast, printQuota, printRate } from './stateful.ts'

/** What the statements around it tell. */
export interface PrintContext {
  /** What the named map of this table gives; absent: not known. */
  dataOf?: (map: string) => Kinds | undefined
}

export function printStatement(statement: Statement, context: PrintContext = {}): string {
  if ('match' in statement) return printMatch(statement.match)
  if ('unknown' in statement) return statement.unknown.text
  const verdict = printVerdict(statement as never)
  if (verdict !== undefined) return verdict
  const [key = '', body] = Object.entries(statement)[0] ?? []
  const print = Object.hasOwn(PRINTERS, key) ? PRINTERS[key]! : undefined
  return print ? print(body as never, context) : key
}

type Body<K extends string> = Extract<Statement, Record<K, unknown>>[K & keyof Extract<Statement, Record<K, unknown>>]

const PRINTERS: Readonly<Record<string, (body: never, context: PrintContext) => string>> = {
  vmap: ({ key, data }: Body<'vmap'>) => {
    const keys = kindsOf(key)
    return `${printExpression(key, keys)} vmap ${printMapData(data, keys, 'plain')}`
  },
  mangle: ({ key, value }: Body<'mangle'>) => {
    const kinds = kindsOf(key)
    return `${printExpression(key, kinds)} set ${printExpression(value, kinds)}`
  },
  counter: (body: Body<'counter'>) => (isReference(body) ? `counter name ${printReference(body)}` : printCounter(body)),
  quota: (body: Body<'quota'>) =>
    isReference(body) ? `quota name ${printReference(body)}` : `quota ${printQuota(body)}`,
  limit: (body: Body<'limit'>) =>
    isReference(body) ? `limit name ${printReference(body)}` : `limit ${printRate(body)}`,
  last: printLast,
  'ct helper': (body: ObjectReference) => `ct helper set ${printReference(body)}`,
  'ct timeout': (body: ObjectReference) => `ct timeout set ${printReference(body)}`,
  'ct expectation': (body: ObjectReference) => `ct expectation set ${printReference(body)}`,
  'ct count': printCount,
  synproxy: (body: Body<'synproxy'>) => {
    if (body === null) return 'synproxy'
    if (isReference(body)) return `synproxy name ${printReference(body)}`
    const { mss, wscale, flags = [] } = body
    const parts = [mss === undefined ? '' : ` mss ${mss}`, wscale === undefined ? '' : ` wscale ${wscale}`]
    return `synproxy${parts.join('')}${[flags]
      .flat()
      .map((flag) => ` ${flag}`)
      .join('')}`
  },
  secmark: (body: ObjectReference) => `meta secmark set ${printReference(body)}`,
  tunnel: (body: ObjectReference) => `tunnel name ${printReference(body)}`,
  fwd: ({ dev, family, addr }: Body<'fwd'>) => {
    const device = dev === undefined ? '' : printExpression(dev, 'name')
    return addr === undefined
      ? `fwd to ${device}`
      : `fwd ${family ?? 'ip'} to ${printExpression(addr)} device ${device}`
  },
  dup: ({ addr, dev }: Body<'dup'>) => {
    // without an address it is a device that is meant
    const to = addr === undefined ? '' : printExpression(addr, dev === undefined && isDevice(addr) ? 'name' : 'plain')
    return dev === undefined ? `dup to ${to}` : `dup to ${to} device ${printExpression(dev, 'name')}`
  },
  notrack: () => 'notrack',
  snat: (body: Body<'snat'>) => printNat('snat', body),
  dnat: (body: Body<'dnat'>) => printNat('dnat', body),
  masquerade: (body: Body<'masquerade'>) => printNat('masquerade', body),
  redirect: (body: Body<'redirect'>) => printNat('redirect', body),
  reject: (body: Body<'reject'>) => {
    if (body?.type === undefined) return 'reject'
    return body.expr === undefined
      ? `reject with ${body.type}`
      : `reject with ${body.type} ${printExpression(body.expr)}`
  },
  log: printLog,
  queue: (body: Body<'queue'>) => {
    const flags = [body?.flags ?? []].flat()
    return `queue${flags.length > 0 ? ` flags ${flags.join(',')}` : ''} to ${printExpression(body?.num ?? 0)}`
  },
  tproxy: printTproxy,
  flow: ({ op, flowtable }: Body<'flow'>) => `flow ${op} ${at(flowtable)}`,
  set: ({ op, elem, set, stmt }: Body<'set'>) =>
    `${op} ${at(set)} { ${printExpression(elem, kindsOf(elem))}${carried(stmt)} }`,
  map: ({ op, elem, data, map, stmt }: Body<'map'>, { dataOf }) => {
    const kinds = dataOf?.(at(map)) ?? kindsOf(data)
    return `${op} ${at(map)} { ${printExpression(elem, kindsOf(elem))}${carried(stmt)} : ${printExpression(data, kinds)} }`
  },
  meter: ({ name, key, stmt, size }: Body<'meter'>) => {
    const sized = size === undefined ? '' : ` size ${size}`
    return `meter ${name}${sized} { ${printExpression(key, kindsOf(key))} ${printStatement(stmt)} }`
  },
  reset: (body: Expression) => `reset ${printSelector(body as never, printExpression)}`,
  xt: (body: Body<'xt'>) => (body === null ? 'xt' : `xt ${body.type} ${body.name}`),
}

const isReference = (body: unknown): body is ObjectReference =>
  typeof body === 'string' || (typeof body === 'object' && body !== null && 'map' in body)

const printReference = (reference: ObjectReference): string => printExpression(reference, 'name')

/** JSON of some versions leaves the sign out. */
const at = (name: string): string => (name.startsWith('@') ? name : `@${name}`)

const isDevice = (addr: Expression): boolean =>
  typeof addr === 'string'
    ? !/^[\d.]+$|:/.test(addr)
    : typeof addr === 'object' && !Array.isArray(addr) && 'map' in addr

function carried(stmt: readonly Statement[] | undefined): string {
  return (stmt ?? []).map((one) => ` ${printStatement(one)}`).join('')
}
