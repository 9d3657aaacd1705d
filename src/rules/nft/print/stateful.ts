/** Statements with a memory, which elements of sets carry, too (nft 1.0.6, src/statement.c). */
import type { CtCountBody, LimitBody, QuotaBody } from '../ast.ts'
import { inBytes, printBytes, printTime } from './values.ts'

/** By their key; what is not among them gives its key. */
export function printStateful(key: string, body: unknown): string {
  if (key === 'counter') return printCounter(body as never)
  if (key === 'limit') return `limit ${printRate(body as LimitBody)}`
  if (key === 'quota') return `quota ${printQuota(body as QuotaBody)}`
  if (key === 'ct count') return printCount(body as CtCountBody)
  return key === 'last' ? printLast(body as never) : key
}

export function printCounter(body: { packets?: number; bytes?: number } | null): string {
  const { packets, bytes } = body ?? {}
  return packets === undefined && bytes === undefined
    ? 'counter'
    : `counter packets ${packets ?? 0} bytes ${bytes ?? 0}`
}

export const printCount = ({ val, inv }: CtCountBody): string => `ct count ${inv ? 'over ' : ''}${val}`

export const printLast = (body: { used?: number } | null): string =>
  body?.used === undefined ? 'last used never' : `last used ${printTime(body.used / 1000)}`

/** `rate over 10/second burst 20 packets` */
export function printRate({ rate, rate_unit, per, burst, burst_unit, inv }: LimitBody): string {
  const over = inv ? 'over ' : ''
  if (rate_unit === undefined || rate_unit === 'packets') {
    // 5 is what nft takes where nothing is said
    const more = burst !== undefined && burst !== 0 && burst !== 5 ? ` burst ${burst} packets` : ''
    return `rate ${over}${rate}/${per ?? 'second'}${more}`
  }
  const more = burst ? ` burst ${printBytes(inBytes(burst, burst_unit))}` : ''
  return `rate ${over}${printBytes(inBytes(rate, rate_unit))}/${per ?? 'second'}${more}`
}

/** `over 25 mbytes used 3 bytes` */
export function printQuota({ val, val_unit, used, used_unit, inv }: QuotaBody): string {
  const spent = used ? ` used ${printBytes(inBytes(used, used_unit))}` : ''
  return `${inv ? 'over ' : ''}${printBytes(inBytes(val, val_unit))}${spent}`
}
