/**
 * Lines of one class differ in a few values only, which stand in them as they are: addresses, ports, ids, times. So the
 * text between these values is learned from a few lines that were written in full, and later lines are put together from
 * it. What never differed among the learned lines must not differ later either: else the line is written in full, and
 * learned from. Every now and then a line is written both ways; a class whose lines are not the same is written in full
 * from then on.
 */
import type { Member, Value } from '../model/member.ts'
import { ByteText } from './byte-text.ts'
import { type Line, makeTemplate, type Template } from './template.ts'

export interface Written<T> {
  /** Bytes are good until the next line. */
  text: string | Uint8Array
  /** What is known of the line besides; the same for all of a class. */
  note: T
}

export interface InFull<T> extends Written<T> {
  text: string
}

/** Lines that a template is learned from. */
const LEARNED = 4
/** Values of lines that are kept, to learn more from them. */
const MOST_KEPT = 12
/** So many lines in a row have to agree before any is written by its template alone, and mistakes are learned from. */
const PROBATION = 4
/** Later the 8th, 16th … and every one of so many. */
const CHECKED = 4096
/** Shapes of one class. */
const MOST_SHAPES = 16
/** Characters of lines and templates that are kept; beyond it all are learned anew. */
const MOST_HELD = 12 << 20

/** Lines of one class whose values have the same names, and are equal or not in the same places. */
interface Learning<T> {
  names: readonly string[]
  equals: readonly Equal[]
  kept: (readonly Value[])[]
  /** In full, until there is a template. */
  texts: string[]
  template: Template | undefined
  note: T
  agreed: number
  used: number
  /** Its lines are more than text with values in it. */
  hopeless: boolean
}

export class LineTemplates<T> {
  /** What was learnt of each; begun anew where it is too much. */
  private classes = new WeakMap<object, Learning<T>[]>()
  private held = 0
  private readonly line = new ByteText()

  /** The line of a member of a class; `full` writes it without any template. */
  write(own: Member, full: () => InFull<T>): Written<T> {
    const { template, text, note } = this.read(own, full)
    if (!template) return { text, note }
    this.line.clear()
    template.fillInto(this.line, own.values)
    return { text: this.line.bytes, note }
  }

  /** The same, not yet put together where there is a template that the member's values fit. */
  read(own: Member, full: () => InFull<T>): InFull<T> & { template?: Template } {
    let shapes = this.classes.get(own.kind)
    if (!shapes) {
      shapes = []
      this.classes.set(own.kind, shapes)
    }
    const one = shapes.find(({ names, equals }) => sameNames(names, own.names) && hold(equals, own.values))
    if (!one) {
      const written = full()
      if (shapes.length < MOST_SHAPES) shapes.push(this.begin(own, written))
      return written
    }
    if (one.hopeless) return full()
    const { template } = one
    if (!template?.fits(own.values)) {
      const written = full()
      this.learn(one, own.values, written)
      return written
    }
    if (!isChecked(one)) return { template, text: '', note: one.note }
    const written = full()
    if (written.text === template.fill(own.values) && same(written.note, one.note)) one.agreed++
    else if (one.agreed < PROBATION) this.learn(one, own.values, written)
    else giveUp(one)
    return written
  }

  private begin({ names, values }: Member, { text, note }: InFull<T>): Learning<T> {
    this.hold(text.length)
    return {
      names: [...names],
      equals: equalsOf(names, values),
      kept: [[...values]],
      texts: [text],
      template: undefined,
      note,
      agreed: 0,
      used: 0,
      hopeless: false,
    }
  }

  private learn(one: Learning<T>, values: readonly Value[], { text, note }: InFull<T>): void {
    const { template } = one
    // a template stands for the lines that it was learned from
    const texts = template ? one.kept.map((kept) => template.fill(kept)) : one.texts
    if (!same(note, one.note)) {
      giveUp(one)
      return
    }
    const kept = [...one.kept, [...values]]
    const lines = kept.map((own, i): Line => ({ values: own, text: texts[i] ?? text }))
    one.agreed = 0
    if (lines.length < LEARNED) {
      this.hold(text.length)
      one.kept = kept
      one.texts.push(text)
      return
    }
    one.template = makeTemplate(lines)
    one.texts = []
    one.kept = kept.length > MOST_KEPT ? telling(lines) : kept
    if (!one.template) giveUp(one)
    else this.hold(one.template.length)
  }

  private hold(characters: number): void {
    this.held += characters
    if (this.held < MOST_HELD) return
    this.classes = new WeakMap()
    this.held = 0
  }
}

/** As few as show of each value that it differs. */
function telling(lines: readonly Line[]): (readonly Value[])[] {
  const [first, ...others] = lines.map(({ values }) => values)
  const shown = new Set<number>()
  const kept = [first!]
  for (const values of others.reverse()) {
    const news = values.flatMap((value, i) => (value !== first![i] && !shown.has(i) ? [i] : []))
    if (news.length > 0 || kept.length < LEARNED) kept.push(values)
    for (const i of news) shown.add(i)
  }
  return kept
}

/** Two values of one sort, and whether they are the same: where nothing was rewritten there is nothing to tell. */
type Equal = readonly [number, number, boolean]

/** Names of values that are compared with each other. */
const SORTS: Readonly<Record<string, string>> = { src: 'address', dst: 'address', sport: 'port', dport: 'port' }

function equalsOf(names: readonly string[], values: readonly Value[]): Equal[] {
  const bySort = new Map<string, number[]>()
  const equals: Equal[] = []
  names.forEach((name, at) => {
    const sort = SORTS[name] ?? name
    const others = bySort.get(sort)
    if (!others) bySort.set(sort, [at])
    else {
      for (const other of others) equals.push([other, at, values[other] === values[at]])
      others.push(at)
    }
  })
  return equals
}

function hold(equals: readonly Equal[], values: readonly Value[]): boolean {
  for (const [one, other, equal] of equals) if ((values[one] === values[other]) !== equal) return false
  return true
}

function isChecked(one: Learning<unknown>): boolean {
  one.used++
  return one.agreed < PROBATION || one.used % CHECKED === 0 || (one.used & (one.used - 1)) === 0
}

function giveUp(one: Learning<unknown>): void {
  one.hopeless = true
  one.template = undefined
  one.kept = []
  one.texts = []
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
