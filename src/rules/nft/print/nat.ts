/** snat, dnat, masquerade, redirect and tproxy as `nft list` prints them. */
import type { Expression, NatBody, Statement } from '../ast.ts'
import { printExpression } from './expressions.ts'

export function printNat(kind: string, nat: NatBody | null): string {
  if (!nat) return kind
  const { addr, port, family, flags, type_flags } = nat
  let text = kind
  if (family !== undefined) text += ` ${family}`
  const types = [type_flags ?? []].flat()
  if (types.includes('prefix')) text += ' prefix'
  if (addr !== undefined || port !== undefined) text += ' to'
  if (addr !== undefined) text += ` ${port === undefined ? printExpression(addr) : printWithPort(addr)}`
  if (port !== undefined) text += `${addr === undefined ? ' ' : ''}:${printExpression(port)}`
  const all = [flags ?? []].flat()
  return all.length > 0 ? `${text} ${all.join(',')}` : text
}

/** A port behind it: IPv6 addresses stand in brackets. */
function printWithPort(addr: Expression): string {
  if (typeof addr === 'string') return addr.includes(':') ? `[${addr}]` : printExpression(addr)
  if (typeof addr === 'object' && 'range' in addr) return addr.range.map(printWithPort).join('-')
  return printExpression(addr)
}

export function printTproxy({ family, addr, port }: Extract<Statement, { tproxy: unknown }>['tproxy']): string {
  const to = addr === undefined ? '' : ` ${printWithPort(addr)}`
  const through = port === undefined ? '' : `${addr === undefined ? ' ' : ''}:${printExpression(port)}`
  return `tproxy${family === undefined ? '' : ` ${family}`} to${to}${through}`
}
