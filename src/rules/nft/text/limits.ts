/** Statements with a memory, which set elements may carry, too: counter, limit, quota, ct count, last. */
import type { CtCountBody, LimitBody, QuotaBody, Statement } from '../ast.ts'
import type { Parser } from './parser.ts'
import { parseTime } from './times.ts'

/** The one that begins here, not `counter name …` and the like; undefined, with nothing taken, where none does. */
export function parseStateful(p: Parser): Statement | undefined {
  if (p.token.kind !== 'word') return undefined
  const behind = p.ahead(1).text
  switch (p.token.text) {
    case 'counter':
      if (behind === 'name') return undefined
      p.advance()
      return { counter: parseCounter(p) }
    case 'limit':
      if (behind === 'name') return undefined
      p.advance()
      p.expect('rate')
      return { limit: parseRate(p) }
    case 'quota':
      if (behind === 'name') return undefined
      p.advance()
      return { quota: parseQuota(p) }
    case 'last':
      p.advance()
      if (!p.accept('used')) return { last: null }
      return p.accept('never') ? { last: null } : { last: { used: Math.round(parseTime(p) * 1000) } }
    case 'ct':
      if (behind !== 'count') return undefined
      p.advance()
      p.advance()
      return { 'ct count': parseCount(p) }
    default:
      return undefined
  }
}

export function parseCounter(p: Parser): { packets: number; bytes: number } | null {
  if (!p.is('packets') && !p.is('bytes')) return null
  const counter = { packets: 0, bytes: 0 }
  while (p.is('packets') || p.is('bytes')) counter[p.advance().text as 'packets' | 'bytes'] = p.number('a count')
  return counter
}

const UNITS = new Set(['bytes', 'kbytes', 'mbytes'])
const PERIODS = new Set(['second', 'minute', 'hour', 'day', 'week'])

/** Behind `limit rate`: `over 10/second burst 5 packets`, `1 mbytes/second burst 2 kbytes`. */
export function parseRate(p: Parser): LimitBody {
  const inv = p.accept('over') || (p.accept('until') && false)
  const limit: LimitBody = { rate: p.number('a rate') }
  const { kind, text } = p.token
  // `mbytes/second` is one word for the scanner
  const glued = kind === 'word' && /^([km]?bytes)\/(\w+)$/.exec(text)
  if (glued) {
    p.advance()
    limit.rate_unit = glued[1]!
    limit.per = glued[2]!
  } else {
    if (p.isAny(UNITS)) limit.rate_unit = p.advance().text
    p.expect('/')
    limit.per = p.advance().text
  }
  if (!PERIODS.has(limit.per)) p.fail('expected "second", "minute", "hour", "day" or "week"')
  if (p.accept('burst')) {
    limit.burst = p.number('a burst')
    if (p.isAny(UNITS)) limit.burst_unit = p.advance().text
    else p.accept('packets')
  }
  if (inv) limit.inv = true
  return limit
}

/** `over 25 mbytes used 3 bytes` */
export function parseQuota(p: Parser): QuotaBody {
  const inv = p.accept('over') || (p.accept('until') && false)
  const quota: QuotaBody = { val: p.number('a number of bytes'), val_unit: unit(p) }
  if (p.accept('used')) {
    quota.used = p.number('a number of bytes')
    quota.used_unit = unit(p)
  }
  if (inv) quota.inv = true
  return quota
}

function unit(p: Parser): string {
  if (!p.isAny(UNITS)) p.fail('expected "bytes", "kbytes" or "mbytes"')
  return p.advance().text
}

function parseCount(p: Parser): CtCountBody {
  return p.accept('over') ? { val: p.number('a number'), inv: true } : { val: p.number('a number') }
}
