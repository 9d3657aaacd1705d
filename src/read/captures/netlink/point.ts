/** A trace event's place and verdict → trace point, in the words of `nft monitor trace`. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import { FAMILIES } from '../nft-families.ts'
import type { TracePoint, TracePoints } from '../points.ts'

/** As the kernel names them (enum nft_trace_types). */
export const POLICY = 1
export const RETURN = 2
export const RULE = 3

export interface PlacedEvent {
  /** Of the table. */
  family: number
  type: number
  table: string
  chain: string
  handle: number | undefined
  /** The rule's, or the policy's. */
  code: number | undefined
  /** Where a jump or goto leads. */
  target: string
}

/** What is known of an event that was met before. */
export interface Known {
  /** -1: it is no step. */
  point: number
  /** Of the packet's coming into the base chain here. */
  begin: number
  /** It went somewhere else, and its mark with it. */
  stolen: boolean
}

/** Undefined: it is none of a table, or there are too many to be a ruleset's. */
export function knownOf(points: TracePoints, event: PlacedEvent): Known | undefined {
  const family = FAMILIES[event.family]
  if (family === undefined || event.table === '' || event.chain === '') return undefined
  const place = { family, table: event.table, chain: event.chain }
  const begin = points.nftNumber({ ...place, type: 'begin' })
  const step = stepOf(event, place)
  const point = step === undefined ? -1 : points.nftNumber(step)
  return begin < 0 || (step !== undefined && point < 0)
    ? undefined
    : { begin, point, stolen: step?.verdict === 'stolen' }
}

function stepOf(
  { type, handle, code, target }: PlacedEvent,
  place: { family: RuleFamily; table: string; chain: string },
): TracePoint | undefined {
  const verdict = code === undefined ? '' : verdictText(code, target)
  if (type === POLICY) return { ...place, type: 'policy', verdict }
  if (type === RETURN) return { ...place, type: 'return', verdict }
  // the end of a chain, behind its last rule: nothing happens there, and nft prints nothing of it
  if (type !== RULE || handle === undefined) return undefined
  return { ...place, type: 'rule', handle, verdict }
}

/** From NFT_RETURN, -5, on (enum nft_verdicts). */
const NEGATIVE = ['return', 'goto', 'jump', 'break', 'continue']
/** From NF_DROP, 0, on; above them stand a queue's number or the errno of a drop. */
const WORDS = ['drop', 'accept', 'stolen', 'queue']

function verdictText(code: number, target: string): string {
  const word = (code < 0 && code >= -5 ? NEGATIVE[code + 5] : WORDS[code & 0xff]) ?? ''
  return word === 'jump' || word === 'goto' ? `${word} ${target}` : word
}
