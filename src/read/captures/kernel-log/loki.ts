/**
 * What Loki's API gives (`/loki/api/v1/query_range`): one JSON document with the lines of each stream, the newest or the
 * oldest first. They become the lines of `logcli -o jsonl`, in the order of time.
 */
const BEGINNING = /^\s*\{\s*"status"\s*:\s*"success"\s*,\s*"data"\s*:\s*\{\s*"resultType"\s*:\s*"streams"/

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const isLoki = (chunk: Uint8Array): boolean => BEGINNING.test(decoder.decode(chunk.subarray(0, 400)))

interface Line {
  labels: unknown
  nanoseconds: bigint
  line: string
}

/** Undefined where it is no such document, or is cut. */
export function linesOfLoki(bytes: Uint8Array): Uint8Array | undefined {
  let document: unknown
  try {
    document = JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
  const result = (document as { data?: { result?: unknown } } | null)?.data?.result
  if (!Array.isArray(result)) return undefined
  const lines: Line[] = []
  for (const stream of result as ({ stream?: unknown; values?: unknown } | null)[]) {
    const values = Array.isArray(stream?.values) ? stream.values : []
    const own = values.flatMap((value: unknown): Line[] => {
      const [time, line] = Array.isArray(value) ? value : []
      return typeof time === 'string' && /^\d{1,19}$/.test(time) && typeof line === 'string'
        ? [{ labels: stream?.stream, nanoseconds: BigInt(time), line }]
        : []
    })
    // of one moment the first one stands last, where all are the newest first
    const isBackward = own.length > 1 && own[0]!.nanoseconds > own.at(-1)!.nanoseconds
    for (const one of isBackward ? own.reverse() : own) lines.push(one)
  }
  lines.sort((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0))
  return encoder.encode(lines.map(lineOf).join(''))
}

const lineOf = ({ labels, nanoseconds, line }: Line): string =>
  `${JSON.stringify({ labels, line, timestamp: isoTime(nanoseconds) })}\n`

/** In UTC, with microseconds. */
function isoTime(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String((nanoseconds % 1_000_000_000n) / 1000n).padStart(6, '0')}Z`
}
