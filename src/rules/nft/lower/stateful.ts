/** What counts packets, bytes or connections: none of it can be told from one packet. */
import type { Allowance, Condition, Each } from '../../../model/condition.ts'
import { BYTES_BEFORE, CONNECTIONS_OPEN, COUNTED_BEFORE } from '../../by-turns.ts'
import type { CtCountBody, LimitBody, QuotaBody } from '../ast.ts'

const UNITS = ['bytes', 'kbytes', 'mbytes', 'gbytes', 'tbytes']
const inBytes = (amount: number, unit = 'bytes'): number => amount * 1024 ** Math.max(0, UNITS.indexOf(unit))

/** Packets at once, where a listing shows none: nft leaves it out, and the kernel puts it there (NFT_LIMIT_PKT_BURST_DEFAULT). */
export const DEFAULT_BURST = 5

/** At once pass as many packets as the burst; or the bytes of one period, and the burst besides (net/netfilter/nft_limit.c). */
export function limitCondition(limit: LimitBody, text: string, each?: Each): Condition {
  const { rate, rate_unit = 'packets', burst = 0, burst_unit, inv } = limit
  const most: Allowance =
    rate_unit === 'packets'
      ? { packets: burst || DEFAULT_BURST }
      : { bytes: inBytes(rate, rate_unit) + inBytes(burst, burst_unit), behind: false, refills: true }
  const reason = 'bytes' in most ? BYTES_BEFORE : COUNTED_BEFORE
  const under: Condition = { kind: 'unknown', text, reason, lasts: { ...most, ...(each ? { each } : {}) } }
  return inv ? { kind: 'not', of: under, text } : under
}

/** Holds until so many bytes have passed; `over`: from then on (net/netfilter/nft_quota.c). */
export function quotaCondition(
  { val, val_unit, used = 0, used_unit, inv = false }: QuotaBody,
  text: string,
  each?: Each,
): Condition {
  const left = Math.max(0, inBytes(val, val_unit) - inBytes(used, used_unit))
  return { kind: 'unknown', text, reason: BYTES_BEFORE, lasts: { bytes: left, behind: inv, ...(each ? { each } : {}) } }
}

/** Of the connections that came to it, so many are there still; `inv`: more than that (net/netfilter/nft_connlimit.c). */
export const countCondition = ({ val, inv = false }: CtCountBody, text: string, each?: Each): Condition => ({
  kind: 'unknown',
  text,
  reason: CONNECTIONS_OPEN,
  lasts: { connections: val, over: inv, ...(each ? { each } : {}) },
})

/** What a statement of an element allows; undefined: it allows everything, or another object says what. */
export function allowanceCondition(statement: object, text: string, each?: Each): Condition | undefined {
  const one = statement as { limit?: LimitBody | string; quota?: QuotaBody | string; 'ct count'?: CtCountBody }
  if (typeof one.limit === 'object') return limitCondition(one.limit, text, each)
  if (typeof one.quota === 'object') return quotaCondition(one.quota, text, each)
  return one['ct count'] && countCondition(one['ct count'], text, each)
}
