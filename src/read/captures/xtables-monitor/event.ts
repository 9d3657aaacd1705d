/** What a ` TRACE:` line of xtables-monitor says behind family and id (iptables/xtables-monitor.c, trace_cb). */
import { FAMILIES } from '../nft-families.ts'
import type { TracePoint, TracePoints } from '../points.ts'
import type { Meaning } from '../traced-line-table.ts'

const HEAD = /^([^\s:]+):(\S+?):(rule|return|policy):(.*)$/s
const RULE = /^0x([0-9a-f]{1,16}):(\S+)(?:\s+(.*))?$/s
/** What stands in front of the rule: `-4 -t filter `, or the command's name; and its counters. */
const COMMAND = /^(?:-[46]|ip6?tables|arptables|ebtables) -t \S+(?: |$)(?:\[\d+:\d+\] )?/

const NOTHING: Meaning = { point: -1, mark: -1 }
const utf8 = new TextDecoder()

export interface Event extends Meaning {
  /** The point of the packet's coming into this chain. */
  begin: number
}

/** `bytes[start, end)` is what stands behind the id. Gives point -1 for what is no event, or not whole. */
export function readEvent(points: TracePoints, family: number, bytes: Uint8Array, start: number, end: number): Event {
  const found = HEAD.exec(utf8.decode(bytes.subarray(start, end)).trimEnd())
  const table = FAMILIES[family]
  const at = found && table && readPoint(found[3]!, found[4]!)
  if (!at) return { ...NOTHING, begin: -1 }
  const place = { family: table, table: found[1]!, chain: found[2]! }
  return {
    point: points.nftNumber({ ...place, ...at }),
    mark: -1,
    begin: points.nftNumber({ ...place, type: 'begin' }),
  }
}

function readPoint(type: string, rest: string): TracePoint | undefined {
  if (type === 'return') return { type, verdict: 'return' }
  if (type === 'policy') {
    const verdict = readVerdict(rest.trim())
    return verdict === undefined ? undefined : { type, verdict }
  }
  const rule = RULE.exec(rest)
  const verdict = rule ? readVerdict(rule[2]!) : undefined
  if (!rule || verdict === undefined) return undefined
  const text = (rule[3] ?? '')
    .replace(COMMAND, '')
    .replace(/ -c \d+ \d+/, '')
    .trim()
  return { type: 'rule', handle: Number.parseInt(rule[1]!, 16), verdict, ...(text === '' ? {} : { text }) }
}

const WORDS: Readonly<Record<string, string>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  QUEUE: 'queue',
  STOLEN: 'stolen',
  BREAK: 'break',
  CONTINUE: 'continue',
  RETURN: 'return',
  // it has no word for that one (NFT_RETURN)
  '0xfffffffb': 'return',
}

function readVerdict(text: string): string | undefined {
  const jump = /^(JUMP|GOTO):(\S+)$/.exec(text)
  if (jump) return `${jump[1]!.toLowerCase()} ${jump[2]}`
  // a queue's number is in the upper half
  if (/^0x[0-9a-f]{1,4}0003$/.test(text)) return 'queue'
  return Object.hasOwn(WORDS, text) ? WORDS[text] : undefined
}
