/** Lines of a trace that a mail program, a terminal or a web page broke into several; and lines that are none of a trace. */
import { Names } from '../names.ts'
import { read, readHeaders } from './headers.ts'

const decoder = new TextDecoder('latin1')
const QUOTED = /^[>|\s]*/
/** What a line of its own has, and a rest has not. */
const OWN = /\btrace id |^\s*(?:#(?! handle)|add |delete |insert |replace |flush |destroy |[$%]\s|PACKET: | TRACE: )/
const LONGEST_REST = 4096
const WHOLE_EVENT = /\(verdict [^()]*\)\s*$/
const names = new Names()

function restOf(line: string): string | undefined {
  const rest = line.replace(QUOTED, '').trimEnd()
  return rest === '' || rest.length > LONGEST_REST || OWN.test(line) ? undefined : rest
}

/** `record`, from behind the trace id on, with `next` behind it, if that is the rest of a rule's line; else undefined. */
export function joinEvent(record: string, next: string): string | undefined {
  if (!/^\S+ \S+ \S+ (?:rule|policy|verdict|unknown)\b/.test(record) || WHOLE_EVENT.test(record)) return undefined
  const rest = restOf(next)
  if (rest === undefined) return undefined
  return `${record.trimEnd()} ${rest}`
}

/** The same for the headers of a packet. */
export function joinHeaders(record: string, next: string): string | undefined {
  const rest = restOf(next)
  if (rest === undefined) return undefined
  const begun = record.trimEnd()
  const before = fieldsOf(begun)
  const ways = begun.length < record.length ? [' '] : [' ', '']
  for (const between of ways) {
    const joined = begun + between + rest
    const now = fieldsOf(joined)
    // the last of this line may be broken as well
    if (now.fields >= before.fields && now.read > before.read && now.unknown >= joined.length - lastPair(rest))
      return joined
  }
  return undefined
}

/** How long the two last words are, which may be a field without its value. */
const lastPair = (rest: string): number => (/(?:^|\s)\S+(?:\s+\S+)?$/.exec(rest)?.[0].length ?? 0) + 1

function fieldsOf(text: string): { fields: number; unknown: number; read: number } {
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  readHeaders(bytes, 0, bytes.length, names)
  return { fields: read.fields, unknown: read.unknown < 0 ? text.length : read.unknown, read: read.end }
}

/** `lost`: events are missing here. `change`: the ruleset was changed. `rest`: a part of a line. Undefined: not netfilter's. */
export function otherLine(bytes: Uint8Array, start: number, end: number): 'lost' | 'change' | 'rest' | undefined {
  const text = decoder.decode(bytes.subarray(start, Math.min(end, start + 300)))
  if (/# ERROR: We lost|No buffer space available/.test(text)) return 'lost'
  if (
    /^\W*# new generation \d|^(?:add|delete|insert|replace|flush|destroy) (?:table|chain|rule|set|map|element|flowtable|counter|quota|limit|ct) /.test(
      text,
    )
  )
    return 'change'
  if (/\(verdict [a-z]+[^()]*\)\s*$|\b(?:ip|ip6|ether) saddr \S+ (?:ip|ip6|ether) daddr /.test(text)) return 'rest'
  return undefined
}
