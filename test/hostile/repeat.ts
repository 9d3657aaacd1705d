/**
 * The repeat harness, in a process of its own: what hangs it or fills its memory ends nothing else. Says on standard
 * output, a line each, what it begins (`@ NUMBER SUBJECT: ATTACK`), and what is wrong with it (`! PROBLEM`).
 */
import { FORMATS } from '../../src/read/recognise.ts'
import { type Attack, bytesOf, chosenFrom, placesIn, plainPlaces } from './attacks.ts'
import { fixturesByFormat } from './fixtures.ts'
import { judge } from './judge.ts'
import { type Subject, subjects } from './subjects.ts'

export interface Work {
  /** The project's folder. */
  root: string
  seed: number
  /** Attacks on each subject; chosen by the seed, where there are more. */
  share: number
  /** Of all these attacks only one in so many. */
  step: number
  /** Bytes of the longest input. */
  most: number
  /** Only subjects, and only attacks, whose name matches. */
  only: string
  attack: string
  /** The first that is run. */
  from: number
}

const work = JSON.parse(process.argv[2]!) as Work

// readers are called at once
await Promise.all(FORMATS.map(({ format }) => format.load?.()))

const say = (line: string) => process.stdout.write(`${line.replaceAll('\n', ' ')}\n`)

/** Numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Half of them rubbish at plain places. */
function* attacksOn({ fixtures }: Subject): Generator<Attack> {
  const next = random(work.seed)
  const half = Math.ceil(work.share / 2)
  yield* chosenFrom(plainPlaces(fixtures[0]), half, next)
  // what large ones have, smaller ones have as well
  const small = fixtures.filter(({ text }, i) => i === 0 || text.length < SMALL)
  yield* chosenFrom(placesIn(small), work.share - half, next)
}

/** Bytes: what stands around a repeated word costs time again and again. */
const SMALL = 12_000

const [only, wanted] = [new RegExp(work.only), new RegExp(work.attack)]
let number = 0
for (const subject of subjects(fixturesByFormat(work.root))) {
  if (!only.test(subject.name)) continue
  for (const attack of attacksOn(subject)) {
    if (!wanted.test(attack.name)) continue
    const current = number++
    if (current < work.from || current % work.step > 0) continue
    say(`@ ${current} ${subject.name}: ${attack.name}`)
    const most = Math.min(work.most, subject.most ?? work.most)
    const { problem, perByte } = judge(subject.run, (size) => bytesOf(attack, size), most)
    if (problem !== undefined) say(`! ${problem}`)
    if (perByte > 5000) say(`# slow: ${perByte.toFixed(0)} ns/byte`)
  }
}
say('.')
