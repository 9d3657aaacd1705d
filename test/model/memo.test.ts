import { expect, test } from 'vitest'
import { memo, memo2 } from '../../src/model/memo.ts'

test('memo computes once for each object, also where the answer is undefined', () => {
  const asked: object[] = []
  const of = memo((one: { answer?: number }) => {
    asked.push(one)
    return one.answer
  })
  const [some, none] = [{ answer: 1 }, {}]
  expect([of(some), of(none), of(some), of(none)]).toEqual([1, undefined, 1, undefined])
  expect(asked).toEqual([some, none])
})

test('memo2 computes once for each object and word', () => {
  const asked: string[] = []
  const of = memo2((one: { name: string }, word: string) => {
    asked.push(`${one.name} ${word}`)
    return word === 'none' ? undefined : `${one.name} ${word}`
  })
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  const all = () => [of(a, 'x'), of(a, 'none'), of(b, 'x')]
  expect(all()).toEqual(['a x', undefined, 'b x'])
  expect(all()).toEqual(['a x', undefined, 'b x'])
  expect(asked).toEqual(['a x', 'a none', 'b x'])
})
