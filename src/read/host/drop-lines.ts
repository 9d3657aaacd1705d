/**
 * Packets that the kernel said it dropped, a JSON object a line, as a watch of its tracepoint skb:kfree_skb writes them.
 * Each line is labelled, so that any of them is recognised, wherever the file was cut.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { Drop } from '../../model/host.ts'
import { readPacket } from '../../rules/packet-json.ts'
import type { HostReading } from './format.ts'
import { asNumber, asObject, asText, type JsonObject } from './json.ts'
import { forEachLine, quoted } from './lines.ts'

/** A packet that the kernel dropped, with its reason. */
export interface DropDocument extends Drop {
  schema: 'nfwhy.drop/1'
}

/** So many drops are missing among the other lines: the kernel could not deliver them. */
export interface LostDropsDocument {
  schema: 'nfwhy.drop/1'
  lost: number
}

/** A line of `drops.ndjson`, as `nfwhy trace --save` writes it. */
export type DropLine = DropDocument | LostDropsDocument

const SCHEMA: DropDocument['schema'] = 'nfwhy.drop/1'
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/
/** A word of the kernel's, or a number that has none. */
const REASON = /^(?:[A-Z0-9_]+|#\d+)$/
const LOCATION = /^[\w.$]+(?:\+0x[0-9a-f]+)?$/

export function readDrops(text: string, report: Report): HostReading {
  const drops: Drop[] = []
  forEachLine(text, (line, number) => {
    if (line.trim() === '') return
    const object = parsed(line)
    const lost = object && asNumber(object.lost)
    if (lost !== undefined) {
      report('drops-lost', `${lost} more drops could not be reported`, number)
      return
    }
    const drop = object ? readDrop(object) : 'it is no JSON object'
    if (typeof drop === 'string')
      report('line-not-understood', `this line is not a drop report, because ${drop}: ${quoted(line)}`, number)
    else drops.push(drop)
  })
  return { host: { drops } }
}

/** With the end of the line. */
export const dropLine = (drop: Drop): string => `${JSON.stringify({ schema: SCHEMA, ...drop } satisfies DropLine)}\n`

/** Behind the others: so many are missing among them. */
export const lostDropsLine = (lost: number): string =>
  `${JSON.stringify({ schema: SCHEMA, lost } satisfies DropLine)}\n`

function parsed(line: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** Or what is wrong. */
function readDrop({ schema, time, reason, location, namespace, packet }: JsonObject): Drop | string {
  if (schema !== SCHEMA) return `its schema is not ${SCHEMA}`
  if (typeof time !== 'string' || !TIME.test(time)) return 'its time is invalid'
  if (typeof reason !== 'string' || !REASON.test(reason)) return 'its reason is invalid'
  const read = readPacket(packet)
  if ('error' in read) return read.error
  const drop: Drop = { time, reason, packet: read.packet }
  const [where, inode] = [asText(location), asNumber(namespace)]
  if (where !== undefined && LOCATION.test(where)) drop.location = where
  if (inode !== undefined) drop.namespace = inode
  return drop
}
