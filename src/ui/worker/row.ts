/** A group of packets, or one of its exchanges, as a row of the list. */
import type { Group } from '../../analysis/groups.ts'
import type { PrintedFix } from '../../model/journey.ts'
import { allPrintable } from '../../model/printable.ts'
import { byWords, decidedOf } from '../../reports/decided-words.ts'
import { basisWords, markOfGroup, replyWords, wordOf } from '../../reports/exchange-words.ts'
import { ruleName, timeWords } from '../../reports/journey-words.ts'
import { UNICODE as MARKS } from '../../reports/marks.ts'
import { addressWords, interfaceWords, kindWords } from '../../reports/packet-words.ts'
import { printedGroup } from '../../reports/printed-group.ts'
import type { Row } from '../protocol.ts'

/** What of a row the list makes of it. */
type Listed = Partial<Pick<Row, 'id' | 'isOne' | 'exchanges' | 'isExpanded'>>

export function tellRow(of: Group, listed: Listed = {}): Row {
  const group = printedGroup(of)
  const { journey, count } = group
  const reply = replyWords(group)
  const basis = basisWords(group)
  const time = timeWords(group, MARKS)
  return allPrintable({
    ...narrowing(group),
    mark: markOfGroup(group),
    protocol: journey.packet.protocol ?? journey.family,
    addresses: addressWords(group, MARKS),
    details: [
      ...kindWords(journey.packet, MARKS),
      ...interfaceWords(journey, MARKS),
      ...(basis === undefined ? [] : [basis]),
      ...(reply === undefined ? [] : [reply]),
    ],
    ...(time === undefined ? {} : { time }),
    id: journey.id,
    count,
    exchanges: 0,
    ...listed,
  })
}

/** What rows are narrowed by. */
export const narrowingOf = (group: Group): Narrowing => allPrintable(narrowing(printedGroup(group)))

type Narrowing = Pick<Row, 'word' | 'decided' | 'machine'>

export function narrowing(group: Group<PrintedFix>): Narrowing {
  const decided = decidedOf(group)
  const { host } = group.journey
  return {
    word: wordOf(group),
    ...(decided ? { decided: decidedText(decided) } : {}),
    ...(host === undefined ? {} : { machine: host }),
  }
}

function decidedText(decided: NonNullable<ReturnType<typeof decidedOf>>): string {
  if ('ref' in decided) return `${byWords(decided)} ${ruleName(decided.ref)}`
  return 'reason' in decided ? decided.reason : decided.where
}
