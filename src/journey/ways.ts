/** Where a capture shows packets routed, for what is played on a host whose routes nobody has listed. */
import type { Packet } from '../model/packet.ts'

/** A destination with a mark → the interface, `lo` for this host itself. What has another mark may go elsewhere. */
export type Ways = ReadonlyMap<string, string>

export const NO_WAYS: Ways = new Map()

const keyOf = (dst: string, mark = 0): string => `${dst} ${mark}`

/** With one more; of this host's own addresses the mark is none: table local is asked first. */
export const withWay = (ways: Ways, { dst, mark }: { dst: string; mark?: number }, device: string): Ways =>
  new Map(ways).set(device === 'lo' ? keyOf(dst) : keyOf(dst, mark), device)

/** Undefined: no such packet was seen. */
export function wayOf(ways: Ways, { dst = '', mark }: Packet): string | undefined {
  const unmarked = ways.get(keyOf(dst))
  return unmarked === 'lo' ? unmarked : ways.get(keyOf(dst, mark))
}
