/** What one stream tells waits for the others. */
import { expect, test } from 'vitest'
import { Pace } from '../../src/live/pace.ts'

const streamOf = (left: number) => ({ left, unread: () => left })

test('a stream lags while it has more, or while a piece of it is being read', () => {
  const [marks, trace] = [streamOf(0), streamOf(0)]
  const pace = new Pace([marks, trace])
  expect(pace.othersLag(marks)).toBe(false)
  pace.begin(trace)
  expect(pace.othersLag(marks)).toBe(true)
  expect(pace.othersLag(trace)).toBe(false)
  pace.end(trace)
  expect(pace.othersLag(marks)).toBe(false)
  expect(new Pace([marks, streamOf(3)]).othersLag(marks)).toBe(true)
})

test('what was read of it may be under way until it settles', () => {
  const [marks, trace] = [streamOf(0), streamOf(0)]
  const pace = new Pace([marks, trace])
  expect(pace.othersUnsettled(marks)).toBe(false)
  pace.begin(trace)
  pace.end(trace)
  expect(pace.othersLag(marks)).toBe(false)
  expect(pace.othersUnsettled(marks)).toBe(true)
  expect(pace.othersUnsettled(trace)).toBe(false)
  pace.settle(trace)
  expect(pace.othersUnsettled(marks)).toBe(false)
})

test('is waited for, unless there is no time', async () => {
  const [marks, trace] = [streamOf(0), streamOf(0)]
  const pace = new Pace([marks, trace])
  pace.begin(trace)
  const told: string[] = []
  const waited = pace.othersRead(marks, () => false).then(() => told.push('marks'))
  await new Promise((resolve) => setTimeout(resolve, 30))
  told.push('trace')
  pace.end(trace)
  await waited
  expect(told).toEqual(['trace', 'marks'])
  pace.begin(trace)
  await pace.othersRead(marks, () => true)
})
