/** What the quick reader of usual lines takes, it reads as the careful one does; and it takes most lines of a capture. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { COLUMNS } from '../../../../src/read/captures/header-fields.ts'
import { row as careful, read, readHeaders } from '../../../../src/read/captures/kernel-log/headers.ts'
import { readUsual, telling } from '../../../../src/read/captures/kernel-log/usual.ts'
import { Names } from '../../../../src/read/captures/names.ts'
import { share } from '../../../share.ts'

const log = readFileSync(new URL('../../../../examples/nodeport-clash/dmesg.log', import.meta.url), 'latin1')
const fields = log.split('\n').flatMap((line) => /TRACE: \S+( .*)$/.exec(line)?.[1] ?? [])
const more = [
  ...fields.map((one) => one.trimEnd()),
  ...fields.filter((one) => !one.includes('MARK=')).map((one) => `${one}MARK=0x4000 `),
  ...fields.map((one) =>
    one
      .replace('OUT=', 'OUT=br-ex.12')
      .replace('DF ', '')
      .replace('SYN', 'ACK PSH')
      .replace(/OPT \(\w+\) /, ''),
  ),
]

const names = new Names()
const row = new Int32Array(COLUMNS)

/** Undefined: the quick reader leaves the line to the careful one. */
function quickly(text: string): { quick: number[]; careful: number[] } | undefined {
  const bytes = Uint8Array.from(`${text}\n`, (char) => char.charCodeAt(0))
  const end = bytes.length - 1
  if (!readUsual(row, bytes, new DataView(bytes.buffer), 0, end, names, true)) return undefined
  const quick = [...row, telling]
  readHeaders(bytes, 0, end, names)
  // what the careful reader has to say besides makes a line unusual
  expect({ ...read }, text).toMatchObject({ blanksLost: false, unclean: false, whole: true, end })
  return { quick, careful: [...careful, read.telling] }
}

it('takes every line of a capture, with and without a mark, options, flags', () => {
  for (const text of [...fields, ...more]) {
    const both = quickly(text)
    expect(both, text).toBeDefined()
    expect(both!.quick, text).toEqual(both!.careful)
  }
})

it('reads what it takes as the careful reader does, however lines are damaged', () => {
  const damage = fc.record({
    at: fc.nat(300),
    drop: fc.constantFrom(0, 1, 2),
    put: fc.string({ unit: 'binary-ascii', maxLength: 3 }),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...fields, ...more),
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      (text, damages) => {
        let damaged = text
        for (const { at, drop, put } of damages)
          damaged = damaged.slice(0, at) + put.replace(/\n/g, '') + damaged.slice(at + drop)
        const both = quickly(damaged)
        if (both) expect(both.quick, damaged).toEqual(both.careful)
      },
    ),
    { numRuns: share(5000) },
  )
})
