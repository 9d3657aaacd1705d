/** snat, dnat, masquerade, redirect, tproxy: where a packet is sent instead. */
import type { Expression, NatBody, Statement } from '../ast.ts'
import { parseExpression } from './expressions.ts'
import type { Parser } from './parser.ts'

const FLAGS = new Set(['random', 'fully-random', 'persistent'])

/** Behind `snat` and `dnat`: `ip to 192.0.2.1-192.0.2.9:80-90 random,persistent`. */
export function parseNat(p: Parser): NatBody {
  p.advance()
  const nat: NatBody = {}
  const family = parseFamily(p)
  if (p.is('addr') && p.ahead(1).text === '.') {
    p.advance()
    p.expect('.')
    p.expect('port')
    nat.type_flags = 'concat'
  } else if (p.is('interval') || p.is('prefix')) nat.type_flags = p.advance().text
  p.accept('to')
  if (!p.is(':')) nat.addr = parseExpression(p)
  if (nat.addr === 'ip' || nat.addr === 'ip6') p.fail('expected "to"')
  if (p.accept(':')) nat.port = parseExpression(p)
  if (family) nat.family = family
  parseNatFlags(p, nat)
  return nat
}

/** `ip` or `ip6`, where it is not the beginning of a selector. */
function parseFamily(p: Parser): 'ip' | 'ip6' | undefined {
  if (!p.is('ip') && !p.is('ip6')) return undefined
  if (!/^(?:to|addr|interval|prefix)$/.test(p.ahead(1).text)) return undefined
  return p.advance().text as 'ip' | 'ip6'
}

function parseNatFlags(p: Parser, nat: NatBody): void {
  const flags: string[] = []
  while (p.isAny(FLAGS)) {
    flags.push(p.advance().text)
    p.accept(',')
  }
  if (flags.length > 0) nat.flags = flags.length === 1 ? flags[0]! : flags
}

const orNull = (nat: NatBody): NatBody | null => (Object.keys(nat).length > 0 ? nat : null)

/** `masquerade to :1024-65535 random` */
export const parseMasquerade = (p: Parser): Statement => ({ masquerade: portAlone(p, () => p.expect(':')) })

/** `redirect to :8080`, `redirect to 8080`, `redirect to tcp dport map …` */
export const parseRedirect = (p: Parser): Statement => ({ redirect: portAlone(p, () => p.accept(':')) })

/** NAT that gives a port and no address; `colon` takes what stands in front of it. */
function portAlone(p: Parser, colon: () => void): NatBody | null {
  p.advance()
  const nat: NatBody = {}
  if (p.accept('to')) {
    colon()
    nat.port = parseExpression(p)
  }
  parseNatFlags(p, nat)
  return orNull(nat)
}

/** `tproxy ip to 127.0.0.1:8080`, either of the two may be left out. */
export function parseTproxy(p: Parser): Statement {
  p.advance()
  const tproxy: { family?: 'ip' | 'ip6'; addr?: Expression; port?: Expression } = {}
  const family = parseFamily(p)
  if (family) tproxy.family = family
  p.expect('to')
  if (!p.is(':')) tproxy.addr = parseExpression(p)
  if (p.accept(':')) tproxy.port = parseExpression(p)
  return { tproxy }
}
