/** The text in front of `IN=` → trace point, each distinct text read once. */
import { kernelNumber } from '../../../model/kernel-number.ts'
import type { TracePoints } from '../points.ts'
import { SHORTEST, samePlain } from '../same-plain.ts'
import { BEGINNING } from './wrapping.ts'

/** What a text says. */
export interface Meaning {
  /** The trace point, or one of those below. */
  point: number
  /** Bytes at the end that belong to the fields behind it (`policy:2IN=tap0`: 7). */
  glued: number
}

interface Entry extends Meaning {
  /** Where its bytes begin among all that are kept. */
  at: number
  length: number
  hash: number
  plain: boolean
}

/** Not what is looked for here. */
export const NONE = -1
/** The beginning of one line and the whole of another one; `glued` is the length of the other. */
export const TWO_LINES = -2
/** A rule that asks for such a prefix: a line of a ruleset or of a script. */
export const RULE = -3

const latin = new TextDecoder('latin1')
const utf8 = new TextDecoder()
const TRACE_PREFIX = /^([^:\s]+):([^\s]+?):(rule|return|policy):(\d+)(?!\d)(.*)$/
/** The same without `TRACE: `, as people and tools cut it off; only for the tables that there are. */
const BARE_TRACE = /^(?:.*\s)?((?:raw|mangle|nat|filter|security):\S+:(?:rule|return|policy):\d+)\s*$/
const ASKS_FOR_PREFIX = /\blog[- ]prefix[= ]\\?["']?$/
/** Of texts that are none of the kernel's, the short ones come again. */
const LONGEST_OTHER = 64
/** Texts kept; those that glued fields make endless are read each time instead. */
const MOST = 1 << 17
/** Prefixes of LOG lines told apart: who writes numbers or times into them has one for each line. */
const MOST_PREFIXES = 1 << 16

export class PrefixTable {
  private readonly read: (bytes: Uint8Array) => Meaning
  private slots: (Entry | undefined)[] = new Array(1024)
  private count = 0
  /** The texts, one behind the other. */
  private texts = new Uint8Array(1 << 14)
  private view = new DataView(this.texts.buffer)
  private used = 0

  constructor(read: (bytes: Uint8Array) => Meaning) {
    this.read = read
  }

  /** `hash` is over `bytes[start, end)`; any good one, the same for the same bytes. */
  find(bytes: Uint8Array, view: DataView, start: number, end: number, hash: number): Meaning {
    const length = end - start
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]
      if (entry === undefined) return this.add(bytes.slice(start, end), hash, slot)
      if (entry.hash !== hash || entry.length !== length) continue
      if (entry.plain ? samePlain(this.view, entry.at, view, start, length) : this.same(entry, bytes, start))
        return entry
    }
  }

  private add(bytes: Uint8Array, hash: number, slot: number): Entry {
    const { point, glued } = this.read(bytes)
    const { length } = bytes
    const plain = length >= SHORTEST && bytes.every((byte) => byte > 0 && byte < 0x80)
    const entry: Entry = { at: this.used, length, hash, plain, point, glued }
    if (this.count > MOST || (point === NONE && length > LONGEST_OTHER)) return entry
    this.keep(bytes)
    this.slots[slot] = entry
    if (++this.count * 2 > this.slots.length) this.grow()
    return entry
  }

  private same(entry: Entry, bytes: Uint8Array, start: number): boolean {
    for (let i = 0; i < entry.length; i++) if (this.texts[entry.at + i] !== bytes[start + i]) return false
    return true
  }

  private keep(text: Uint8Array): void {
    if (this.used + text.length > this.texts.length) {
      const bigger = new Uint8Array(2 * (this.used + text.length))
      bigger.set(this.texts)
      this.texts = bigger
      this.view = new DataView(bigger.buffer)
    }
    this.texts.set(text, this.used)
    this.used += text.length
  }

  private grow(): void {
    const old = this.slots
    const mask = old.length * 2 - 1
    this.slots = new Array(mask + 1)
    for (const entry of old) {
      if (!entry) continue
      let slot = entry.hash & mask
      while (this.slots[slot]) slot = (slot + 1) & mask
      this.slots[slot] = entry
    }
  }
}

/** The one to three bytes before `end` as a number. */
export function lastWord(view: DataView, at: number, end: number): number {
  let word = 0
  for (let i = end - 1; i >= at; i--) word = (word << 8) | view.getUint8(i)
  return word
}

/** `raw:PREROUTING:policy:3`, from behind `TRACE: ` up to the blank. */
export function readTrace(points: TracePoints, bytes: Uint8Array, escaped: boolean): Meaning {
  const match = TRACE_PREFIX.exec(latin.decode(bytes))
  if (!match) return { point: NONE, glued: 0 }
  const [, table = '', chain = '', type, number, glued = ''] = match
  const ruleNumber = kernelNumber(number)
  if (ruleNumber === undefined) return { point: NONE, glued: 0 }
  return {
    point: points.number({
      type: type as 'rule' | 'return' | 'policy',
      table: textOf(table, escaped),
      chain: textOf(chain, escaped),
      ruleNumber,
    }),
    glued: glued.length,
  }
}

/** A LOG line's prefix, blanks and all. Beyond MOST_PREFIXES they are one without a text. */
export function readLogPrefix(points: TracePoints, bytes: Uint8Array, escaped: boolean): Meaning {
  const text = latin.decode(bytes)
  const bare = BARE_TRACE.exec(text)?.[1]
  if (bare !== undefined)
    return readTrace(
      points,
      Uint8Array.from(bare, (letter) => letter.charCodeAt(0)),
      escaped,
    )
  if (ASKS_FOR_PREFIX.test(text)) return { point: RULE, glued: 0 }
  const other = text.search(BEGINNING)
  if (other > 0) return { point: TWO_LINES, glued: text.length - other }
  // the end of a TRACE line whose beginning is missing
  if (/:(?:rule|return|policy):\d+\s*$/.test(text)) return { point: NONE, glued: 0 }
  const prefix = points.prefixes < MOST_PREFIXES ? textOf(text, escaped) : ''
  return { point: points.number({ type: 'log', prefix }), glued: 0 }
}

/** Of Latin letters that stand for bytes of UTF-8; /dev/kmsg writes those beyond ASCII, and the backslash, as \xd0. */
function textOf(latinText: string, escaped: boolean): string {
  const whole = escaped
    ? latinText.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : latinText
  return utf8.decode(Uint8Array.from(whole, (letter) => letter.charCodeAt(0)))
}
