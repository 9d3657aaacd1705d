/** Damaged files of every kind: redaction never throws, and pieces of any size give the same. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FORMATS } from '../../src/read/recognise.ts'
import { Redactor, redactingStream } from '../../src/redact/index.ts'
import { share } from '../share.ts'
import { latin1, recognised } from './redacted.ts'

const ROOT = new URL('../../fixtures/', import.meta.url).pathname

function* files(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* files(path)
    else if (statSync(path).size < 40_000) yield path
  }
}

/** One small file of each format. */
const samples = new Map<string, Buffer>()
for (const folder of ['read', 'incidents', 'redact'])
  for (const path of files(join(ROOT, folder))) {
    const bytes = readFileSync(path)
    const id = recognised(bytes)?.format.id
    if (id !== undefined && bytes.length > 0 && !samples.has(id)) samples.set(id, bytes)
  }

const redactor = new Redactor('robust')
const ids = FORMATS.map(({ format }) => format.id).filter((id) => redactingStream(id, redactor) !== undefined)

test('there is a file of each format', () => {
  expect(ids.filter((id) => !samples.has(id))).toEqual([])
})

test.each(ids)('%s', (id) => {
  const whole = samples.get(id)!
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 })
  fc.assert(
    fc.property(damage, fc.nat(whole.length), fc.integer({ min: 1, max: 700 }), (changes, length, size) => {
      const bytes = Buffer.from(whole.subarray(0, length))
      for (const [at, value] of changes) if (at < length) bytes[at] = value
      const run = (step: number) => {
        const stream = redactingStream(id, redactor)!
        const parts: Uint8Array[] = []
        for (let at = 0; at < bytes.length; at += step) parts.push(stream.push(bytes.subarray(at, at + step)))
        return latin1(Buffer.concat([...parts, stream.end()]))
      }
      // a host that is named late is known the second time
      run(bytes.length || 1)
      expect(run(size)).toBe(run(bytes.length || 1))
    }),
    { numRuns: share(40) },
  )
})

test('nft-netlink: a message that says it is of more than 2 GB', () => {
  const bytes = Buffer.from(samples.get('nft-netlink')!.subarray(0, 2744))
  // the highest byte of its length
  bytes[2663] = 128
  const stream = redactingStream('nft-netlink', redactor)!
  expect(() => [stream.push(bytes), stream.end()]).not.toThrow()
})
