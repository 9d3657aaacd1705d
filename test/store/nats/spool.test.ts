/** What waits on disk: bounded, and every row is either there, sent, or counted as lost. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { NOTHING, rowsOf, sum } from '../../../src/store/nats/counts.ts'
import { encodeBatch, idOf, type Message } from '../../../src/store/nats/message.ts'
import { Spool } from '../../../src/store/nats/spool.ts'
import type { Spooled } from '../../../src/store/nats/spool-folder.ts'
import { journeys, rulesets } from './batches.ts'

const MB = 1024 * 1024

function root(): string {
  const path = mkdtempSync(join(tmpdir(), 'nfwhy-spool-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Of a process that is gone, as no process has such a number. */
const gone = (n: number) => `99999999${n}-gone`

function message(n: number, size: number, isRuleset = false): Message {
  const bytes = Buffer.alloc(size, `${n} `)
  const counts = isRuleset ? { ...NOTHING, rulesets: n } : { ...NOTHING, journeys: n }
  return { id: idOf(bytes), bytes, counts }
}

/** Their rows, in the order in which they are sent. */
function drain(spool: Spool): number[] {
  const rows: number[] = []
  for (let taken = spool.take(); taken; taken = spool.take()) {
    rows.push(rowsOf(taken.spooled.counts))
    spool.remove(taken.spooled)
  }
  return rows
}

test('gives messages back in the order in which they came, rulesets first', async () => {
  const spool = new Spool(root(), MB)
  for (const batch of [journeys(0, 3), journeys(3, 5), rulesets(7)]) spool.put(await encodeBatch(batch, 1))
  expect(drain(spool)).toEqual([7, 3, 2])
  expect([spool.waiting, spool.bytes, rowsOf(spool.lost)]).toEqual([0, 0, 0])
})

test('loses the oldest first and rulesets last, and counts them to the row', () => {
  const spool = new Spool(root(), 5 * 4096)
  spool.put(message(1000, 10, true))
  for (const n of [1, 2, 4, 8, 16, 32]) spool.put(message(n, 10))
  expect(spool.lost).toEqual({ ...NOTHING, journeys: 3 })
  expect(spool.held).toEqual({ ...NOTHING, journeys: 60, rulesets: 1000 })
  // what is larger than all of it
  spool.put(message(64, 6 * 4096))
  expect(spool.lost).toEqual({ ...NOTHING, journeys: 3 + 60 + 64 })
  expect(drain(spool)).toEqual([1000])
})

test('keeps what is on its way, and counts it once', () => {
  const spool = new Spool(root(), 2 * 4096)
  spool.put(message(1, 10))
  const { spooled } = spool.take()!
  for (const n of [2, 4, 8]) spool.put(message(n, 10))
  expect(spool.lost.journeys).toBe(6)
  spool.giveBack(spooled)
  expect(drain(spool)).toEqual([1, 8])
})

test('is bounded and loses no row uncounted, whatever comes when, and whoever is killed', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('put' as const), size: fc.nat(20_000), isRuleset: fc.boolean() }),
    fc.record({
      do: fc.constantFrom('take' as const, 'sent' as const, 'back' as const, 'killed' as const, 'heard' as const),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 4096, max: 60_000 }), (steps, most) => {
      const path = mkdtempSync(join(tmpdir(), 'nfwhy-spool-'))
      try {
        let processes = 0
        let spool = new Spool(path, most, gone(processes))
        let taken: Spooled[] = []
        let put = 0
        let sent = 0
        let heard = NOTHING
        for (const [i, one] of steps.entries()) {
          if (one.do === 'put') {
            const rows = 1 + i
            spool.put(message(rows, one.size, one.isRuleset))
            put += rows
          } else if (one.do === 'take') {
            const next = spool.take()
            if (next) taken.push(next.spooled)
          } else if (one.do === 'sent') {
            const next = taken.pop()
            if (next) spool.remove(next)
            sent += next ? rowsOf(next.counts) : 0
          } else if (one.do === 'back') {
            const next = taken.pop()
            if (next) spool.giveBack(next)
          } else if (one.do === 'heard') {
            for (const { counts, told } of spool.allLost()) {
              heard = sum(heard, counts)
              told()
            }
          } else {
            spool = new Spool(path, most, gone(++processes))
            taken = []
          }
          expect(spool.bytes).toBeLessThanOrEqual(most)
        }
        const held = spool.held
        const onTheWay = taken.reduce((all, { counts }) => all + rowsOf(counts), 0)
        let unheard = NOTHING
        for (const { counts, told } of spool.allLost()) {
          unheard = sum(unheard, counts)
          told()
        }
        expect(sent + rowsOf(held) + onTheWay + rowsOf(heard) + rowsOf(unheard)).toBe(put)
      } finally {
        rmSync(path, { recursive: true })
      }
    }),
  )
})

test('takes no file whose writer was killed before it was whole', () => {
  const path = root()
  new Spool(path, MB, gone(1)).put(message(3, 10))
  const folder = join(path, `${gone(1)}.0`)
  const [name] = readdirSync(folder)
  writeFileSync(join(folder, `.${name!.replace('.3.', '.5.')}`), 'half of')
  expect(drain(new Spool(path, MB, gone(2)))).toEqual([3])
  expect(readdirSync(join(path, `${gone(2)}.1`))).toEqual([])
})

test('counts once what was counted and not removed yet by one that was killed', () => {
  const path = root()
  const spool = new Spool(path, MB, gone(1))
  spool.put(message(3, 10))
  spool.put(message(4, 10))
  const folder = join(path, `${gone(1)}.0`)
  const [name] = readdirSync(folder).sort()
  const bytes = readFileSync(join(folder, name!))
  spool.lose(spool.take()!.spooled)
  // as it was between the note and the removal
  writeFileSync(join(folder, name!), bytes)
  const next = new Spool(path, MB, gone(2))
  expect(next.lost.journeys).toBe(3)
  expect(drain(next)).toEqual([4])
})

test('tells the same again under the same id, until the broker has heard it', () => {
  const path = root()
  const idsOf = (spool: Spool) => {
    const ids: [string, number][] = []
    for (const { id, counts, told } of spool.allLost()) {
      ids.push([id, counts.journeys])
      told()
    }
    return ids
  }
  const spool = new Spool(path, 4096, gone(1))
  spool.put(message(1, 10))
  spool.put(message(2, 10))
  const first = spool.allLost().next().value!
  // killed before it knew that the broker has heard it; more is lost by then
  spool.put(message(4, 10))
  const next = new Spool(path, 4096, gone(2))
  const told = idsOf(next)
  expect(told).toEqual([
    [first.id, 1],
    [expect.not.stringContaining(first.id), 2],
  ])
  expect(idsOf(new Spool(path, 4096, gone(3)))).toEqual([])
})

test('counts what was damaged on the disk as lost', () => {
  const spool = new Spool(root(), MB)
  spool.put(message(3, 100))
  const { spooled } = spool.take()!
  spool.giveBack(spooled)
  truncateSync(join(spooled.folder.path, spooled.name), 50)
  expect(spool.take()).toBeUndefined()
  expect(spool.lost.journeys).toBe(3)
})

test('leaves the folder of a process that lives, and one of two takes that of one that does not', () => {
  const path = root()
  const living = new Spool(path, MB)
  living.put(message(1, 10))
  new Spool(path, MB, gone(1)).put(message(2, 10))
  expect(drain(new Spool(path, MB, gone(2)))).toEqual([2])
  // a process with the same number that began at another time
  renameSync(living.take()!.spooled.folder.path, join(path, `${process.pid}-other.0`))
  expect(drain(new Spool(path, MB, gone(3)))).toEqual([1])
})

test('leaves nothing behind when all is sent', () => {
  const path = root()
  mkdirSync(join(path, 'of-others'))
  const spool = new Spool(path, MB)
  spool.put(message(1, 10))
  drain(spool)
  spool.close()
  expect(readdirSync(path)).toEqual(['of-others'])
})
