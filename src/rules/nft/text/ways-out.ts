/** reject, queue, dup, fwd, synproxy: other ways for a packet to leave. */
import type { Expression, Statement, SynproxyBody } from '../ast.ts'
import { parseConcat, parseExpression } from './expressions.ts'
import type { Parser } from './parser.ts'

/** `reject with icmp type port-unreachable`, `with tcp reset` */
export function parseReject(p: Parser): Statement {
  p.advance()
  if (!p.accept('with')) return { reject: null }
  if (p.accept('tcp')) {
    p.expect('reset')
    return { reject: { type: 'tcp reset' } }
  }
  if (!p.is('icmp') && !p.is('icmpv6') && !p.is('icmpx')) p.fail('expected "icmp", "icmpv6", "icmpx" or "tcp reset"')
  const type = p.advance().text
  p.accept('type')
  return { reject: { type, expr: parseConcat(p, { value: true }) } }
}

const QUEUE_FLAGS = new Set(['bypass', 'fanout'])

/** `queue num 0-3 bypass,fanout`, `queue flags bypass to numgen inc mod 4` */
export function parseQueue(p: Parser): Statement {
  p.advance()
  const flags: string[] = []
  let num: Expression | undefined
  for (;;) {
    if (p.accept('flags')) continue
    if (p.isAny(QUEUE_FLAGS)) {
      flags.push(p.advance().text)
      p.accept(',')
    } else if (num === undefined && (p.accept('num') || p.accept('to'))) num = parseExpression(p)
    else break
  }
  if (num === undefined && flags.length === 0) return { queue: null }
  const queue: { num?: Expression; flags?: string | string[] } = {}
  if (num !== undefined) queue.num = num
  if (flags.length > 0) queue.flags = flags.length === 1 ? flags[0]! : flags
  return { queue }
}

/** `dup to 192.0.2.1 device "eth0"` */
export function parseDup(p: Parser): Statement {
  p.advance()
  p.expect('to')
  const addr = parseExpression(p)
  return { dup: p.accept('device') ? { addr, dev: parseExpression(p) } : { addr } }
}

/** `fwd to "eth0"`, `fwd ip to 192.0.2.1 device "eth0"` */
export function parseFwd(p: Parser): Statement {
  p.advance()
  if ((p.is('ip') || p.is('ip6')) && p.ahead(1).text === 'to') {
    const family = p.advance().text as 'ip' | 'ip6'
    p.expect('to')
    const addr = parseExpression(p)
    p.expect('device')
    return { fwd: { dev: parseExpression(p), family, addr } }
  }
  p.expect('to')
  return { fwd: { dev: parseExpression(p) } }
}

export function parseSynproxy(p: Parser): Statement {
  p.advance()
  const body = parseSynproxyOptions(p)
  return { synproxy: Object.keys(body).length > 0 ? body : null }
}

/** `mss 1460 wscale 7 timestamp sack-perm`; in a block, each may stand on a line of its own. */
export function parseSynproxyOptions(p: Parser): SynproxyBody {
  const body: SynproxyBody = {}
  const flags: string[] = []
  for (;;) {
    if (p.accept('mss') || p.accept('maxseg')) body.mss = p.number('a segment size')
    else if (p.accept('wscale')) body.wscale = p.number('a window scale')
    else if (p.accept('timestamp')) flags.push('timestamp')
    else if (p.accept('sack-perm') || p.accept('sack-permitted')) flags.push('sack-perm')
    else break
  }
  if (flags.length > 0) body.flags = flags.length === 1 ? flags[0]! : flags
  return body
}
