/** Lines of classes that are simpler, and worse, than journeys' are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Value } from '../../src/model/member.ts'
import { LineTemplates } from '../../src/reports/line-templates.ts'
import { anyText } from './any-journey.ts'

const asText = (text: string | Uint8Array) => (typeof text === 'string' ? text : new TextDecoder().decode(text))

/** How many of the lines were put together. */
function writeAll(all: readonly (readonly Value[])[], lineOf: (values: readonly Value[]) => string): number {
  const templates = new LineTemplates<string>()
  const [kind, names] = [{}, (all[0] ?? []).map((_, i) => `value ${i}`)]
  let shared = 0
  for (const values of all) {
    const text = lineOf(values)
    const written = templates.write({ kind, names, values }, () => ({ text, note: 'the same' }))
    expect(asText(written.text)).toBe(text)
    if (typeof written.text !== 'string') shared++
  }
  return shared
}

it('puts lines together, whatever stands around their values', () => {
  const own = fc.array(fc.tuple(fc.nat(70_000), fc.ipV4(), fc.ipV6(), fc.nat(3)), { minLength: 60, maxLength: 60 })
  fc.assert(
    fc.property(own, anyText, fc.array(fc.oneof(fc.nat(3), anyText), { maxLength: 12 }), (all, prefix, pieces) => {
      const lineOf = (values: readonly Value[]) =>
        JSON.stringify([prefix, ...pieces.map((piece) => (typeof piece === 'number' ? values[piece] : piece))])
      writeAll(all, lineOf)
    }),
  )
})

it('learns from few lines, and learns what differs only later', () => {
  const all = Array.from({ length: 200 }, (_, i) => [i * 37, `10.0.${i % 7}.${i}`, i > 100 ? 63 : 64])
  const shared = writeAll(
    all,
    ([id, src, ttl]) => `{"id":${id},"src":"${src}","message":"from ${src}:${id}.","ttl":${ttl}}`,
  )
  expect(shared).toBeGreaterThan(150)
})

it('writes in full what is more than its values', () => {
  const all = Array.from({ length: 200 }, (_, i) => [i, 5 * i])
  expect(writeAll(all, ([a, b]) => `{"sum":${Number(a) + Number(b)}}`)).toBe(0)
})

it('writes in full from then on, once a line was another than the template makes', () => {
  const templates = new LineTemplates<string>()
  const kind = {}
  const write = (value: number, text: string) =>
    templates.write({ kind, names: ['value'], values: [value] }, () => ({ text, note: '' })).text
  for (let i = 0; i < 1000; i++) write(i, `value ${i}`)
  expect(write(1000, 'never asked for')).toBeInstanceOf(Uint8Array)
  let shared = 0
  for (let i = 1001; i < 3000; i++) if (typeof write(i, `other ${i}`) !== 'string') shared++
  expect(shared).toBeLessThan(600)
  expect(write(3000, 'other 3000')).toBe('other 3000')
})

it('does not share what is known of a line where that differs', () => {
  const templates = new LineTemplates<number>()
  const kind = {}
  for (let i = 0; i < 100; i++) {
    const { note } = templates.write({ kind, names: ['value'], values: [i] }, () => ({ text: `${i}`, note: i }))
    expect(note).toBe(i)
  }
})
