/** What a fixture becomes: one of its lines or words, or rubbish in its place, again and again. */
import type { Fixture } from './fixtures.ts'
import { RUBBISH } from './rubbish.ts'

export interface Attack {
  name: string
  /** In front of what is repeated, and behind it. */
  before: string
  after: string
  unit: string
  /** Each time with other numbers: what is remembered grows. */
  counted?: boolean
}

/** Of about `size` bytes, besides what stands around it. */
export function bytesOf({ before, after, unit, counted }: Attack, size: number): Buffer {
  const times = Math.max(1, Math.floor(size / unit.length))
  const middle = counted ? Array.from({ length: times }, (_, i) => numbered(unit, i)).join('') : unit.repeat(times)
  return Buffer.from(before + middle + after, 'latin1')
}

/** Of addresses each part, of other numbers the last digits; the longest word gets a number of its own. */
function numbered(line: string, i: number): string {
  let rest = i
  const changed = line.replace(/\d+/g, (digits) => {
    const number = (Number(digits) + rest) % 250
    rest = Math.floor(rest / 250)
    return `${number}`
  })
  const word = (changed.match(/[A-Za-z_]{3,}/g) ?? []).reduce((a, b) => (b.length >= a.length ? b : a), '')
  return word === '' ? changed : changed.replace(word, `${word}${i}`)
}

/** A place in a fixture with its attacks, which are made only when they are wanted. */
interface Place {
  count: number
  make(number: number): Attack
}

/** Behind nothing, and around a whole file. */
export function plainPlaces(fixture: Fixture | undefined): Place[] {
  const places = [rubbishAt('alone', '', '')]
  if (!fixture) return places
  const { name, text } = fixture
  places.push(rubbishAt(`behind ${name}`, text, ''), rubbishAt(`in front of ${name}`, '', text))
  const line = text.indexOf('\n')
  if (line > 0) places.push(rubbishAt(`at the end of line 1 of ${name}`, text.slice(0, line), text.slice(line)))
  return places
}

const rubbishAt = (where: string, before: string, after: string): Place => ({
  count: RUBBISH.length,
  make: (number) => ({ name: `${JSON.stringify(RUBBISH[number])} ${where}`, before, unit: RUBBISH[number]!, after }),
})

/** Each line and each word of all of them, once where only its digits are others. */
export function placesIn(fixtures: readonly Fixture[]): Place[] {
  const places: Place[] = []
  const seen = new Set<string>()
  const isNew = (kind: string, text: string) => {
    const shape = kind + text.replace(/[0-9a-f]{2,}|\d/gi, '0').slice(0, 200)
    return !seen.has(shape) && seen.add(shape)
  }
  for (const { name, text } of fixtures) {
    let start = 0
    for (const [number, line] of text.split('\n').entries()) {
      const [from, end] = [start, start + line.length]
      start = end + 1
      const where = `line ${number + 1} of ${name}`
      if (line === '' || !isNew('line', line)) continue
      places.push(lineAt(where, text, from, end))
      for (const [at, until] of wordsOf(line))
        if (isNew('word', line.slice(Math.max(0, at - 12), until)))
          places.push(wordAt(where, text, from + at, from + until))
    }
  }
  return places
}

/** By itself, as the last, without line breaks, and with other numbers each time. */
const lineAt = (where: string, text: string, from: number, end: number): Place => ({
  count: 4,
  make(number) {
    const [before, line, after] = [text.slice(0, from), text.slice(from, end), text.slice(end)]
    if (number === 0) return { name: where, before, unit: `${line}\n`, after: text.slice(from) }
    if (number === 1) return { name: `${where}, as the last`, before, unit: `${line}\n`, after: '' }
    if (number === 2) return { name: `${where}, glued`, before, unit: line, after }
    return { name: `${where}, numbered`, before, unit: `${line}\n`, after, counted: true }
  },
})

/** The word itself, or rubbish in its place. */
const wordAt = (where: string, text: string, from: number, end: number): Place => ({
  count: 1 + RUBBISH.length,
  make(number) {
    const unit = number === 0 ? text.slice(from, end) : RUBBISH[number - 1]!
    const [before, after] = [text.slice(0, from), text.slice(end)]
    return {
      name: `${JSON.stringify(unit)} for ${JSON.stringify(text.slice(from, end))} in ${where}`,
      before,
      unit,
      after,
    }
  },
})

/** Words with the blank behind them, parts of words, and signs: where they begin and end. */
function* wordsOf(line: string): Generator<[from: number, end: number]> {
  for (const { 0: word, index } of line.matchAll(/\S+\s?/g)) {
    yield [index, index + word.length]
    const parts = [...word.matchAll(/\w+|[^\w\s]/g)]
    if (parts.length > 1) for (const part of parts) yield [index + part.index, index + part.index + part[0].length]
  }
}

/** `count` of all attacks at these places, each at most once; all of them where there are no more. */
export function* chosenFrom(places: readonly Place[], count: number, random: () => number): Generator<Attack> {
  const ends: number[] = []
  for (const place of places) ends.push((ends.at(-1) ?? 0) + place.count)
  const all = ends.at(-1) ?? 0
  const chosen = new Set<number>()
  if (count >= all) for (let number = 0; number < all; number++) chosen.add(number)
  while (chosen.size < Math.min(count, all)) chosen.add(Math.floor(random() * all))
  for (const number of chosen) {
    const at = ends.findIndex((end) => number < end)
    yield places[at]!.make(number - (ends[at]! - places[at]!.count))
  }
}
