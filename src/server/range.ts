/** A Range header of one range, as the page asks for parts of a large file (RFC 9110, 14.1.2). */

/** First and last byte; undefined: all of it is wanted, or what is asked for is no range of these bytes. */
export function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (from === undefined) return undefined
  const first = Number(from)
  const last = Math.min(size - 1, to === '' ? size - 1 : Number(to))
  return first <= last ? { first, last } : undefined
}
