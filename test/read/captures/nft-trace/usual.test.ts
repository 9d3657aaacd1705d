/** What the quick reader of usual headers takes, it reads as the careful one does; and it takes those of a capture. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { COLUMNS } from '../../../../src/read/captures/header-fields.ts'
import { Names } from '../../../../src/read/captures/names.ts'
import { row as careful, read, readHeaders } from '../../../../src/read/captures/nft-trace/headers.ts'
import { readUsual, telling, usualEnd, usualHash } from '../../../../src/read/captures/nft-trace/usual.ts'
import { share } from '../../../share.ts'

const folder = new URL('../../../../fixtures/incidents/nft-allow-set/', import.meta.url)
const text = ['dropped.txt', 'fixed.txt'].map((name) => readFileSync(new URL(name, folder), 'latin1')).join('\n')
const lines = text.split('\n').flatMap((line) => / packet: (iif.*)$/.exec(line)?.[1] ?? [])
const more = lines.flatMap((one) => [
  one.replace(/ether saddr \S+ ether daddr \S+ /, '').replace(/ip protocol tcp /, ''),
  one
    .replace(/iif \S+ /, '')
    .replace('flags == syn', 'flags == 0x18')
    .replace('cs0', 'af41'),
  one
    .replace('cs0', '0x04')
    .replace(/ip protocol.*/, 'ip protocol udp ip length 48 udp sport 53 udp dport 4000 udp length 28 '),
  one.replace(/ip protocol.*/, 'ip length 48 udp sport 53 udp dport 5353 '),
  one.replace(/ip id \d+/, 'ip id 0'),
  one.replace(/ip ttl \d+/, 'ip ttl 300').replace('not-ect', 'ce'),
])

const names = new Names()
const row = new Int32Array(COLUMNS)

/** Undefined: the quick reader leaves the line to the careful one. */
function quickly(line: string): { quick: number[]; careful: number[] } | undefined {
  const bytes = Uint8Array.from(`${line}\n`, (char) => char.charCodeAt(0))
  if (!readUsual(row, bytes, new DataView(bytes.buffer), 0, bytes.length, names, 0)) return undefined
  const end = bytes.length - 1
  expect(usualEnd, line).toBe(end)
  expect(/^[\x01-\x7f]*$/.test(line), line).toBe(true)
  const quick = [...row, telling + 4 <= end ? telling : -1]
  readHeaders(bytes, 0, end, names)
  // what the careful reader does not know makes a line unusual
  expect({ ...read }, line).toMatchObject({ unknown: -1 })
  return { quick, careful: [...careful, read.telling] }
}

it('takes the headers of a capture, and others that are usual', () => {
  expect(lines.length).toBeGreaterThan(5)
  for (const line of [...lines, ...more]) {
    const both = quickly(line)
    expect(both, line).toBeDefined()
    expect(both!.quick, line).toEqual(both!.careful)
  }
})

it('leaves what it has no words for', () => {
  const [line = ''] = lines
  for (const other of [
    line.trimEnd(),
    `${line}@th,160,32 0x5 `,
    line.replace(/ip protocol.*/, 'ip protocol icmp ip length 84 icmp type echo-request '),
    line.replace('== syn', '== syn | ack'),
    line.replace(/"\S*"/, '"eth\u00e9"'),
    line.replace(/ip saddr \S+/, 'ip saddr 192.0.2.256'),
  ])
    expect(quickly(other), other).toBeUndefined()
})

it('tells packets apart by what they say, wherever they stand', () => {
  const hashes = new Set<number>()
  const hashOf = (line: string, before: string, seed: number) => {
    const bytes = Uint8Array.from(`${before}${line}\n`, (char) => char.charCodeAt(0))
    const view = new DataView(bytes.buffer)
    expect(readUsual(row, bytes, view, before.length, bytes.length, names, seed)).toBe(true)
    return usualHash
  }
  const [line = ''] = lines
  const others = Array.from({ length: 500 }, (_, i) => [
    line.replace(/ip id \d+/, `ip id ${i + 1}`),
    line.replace(/sport \d+/, `sport ${i + 1024}`),
    line.replace(/ether saddr \S\S/, `ether saddr ${(i & 255).toString(16).padStart(2, '0')}`),
  ])
  for (const [id = '', port = '', mac = ''] of others) {
    hashes.add(hashOf(id, '', 0))
    hashes.add(hashOf(port, 'trace id', 0))
    hashes.add(hashOf(mac, '', 0))
    expect(hashOf(id, 'packet: ', 0)).toBe(hashOf(id, '', 0))
    expect(hashOf(id, '', 1)).not.toBe(hashOf(id, '', 0))
  }
  expect(hashes.size).toBeGreaterThanOrEqual(1200)
})

it('reads what it takes as the careful reader does, however lines are damaged', () => {
  const damage = fc.record({
    at: fc.nat(330),
    drop: fc.constantFrom(0, 1, 2),
    put: fc.string({ unit: 'binary-ascii', maxLength: 3 }),
  })
  const digits = fc.record({
    at: fc.nat(330),
    drop: fc.constantFrom(0, 1),
    put: fc.constantFrom('0', '9', '0x', ' ', 'a'),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...lines, ...more),
      fc.array(fc.oneof(damage, digits), { minLength: 1, maxLength: 3 }),
      (line, damages) => {
        let damaged = line
        for (const { at, drop, put } of damages)
          damaged = damaged.slice(0, at) + put.replace(/\n/g, '') + damaged.slice(at + drop)
        const both = quickly(damaged)
        if (both) expect(both.quick, damaged).toEqual(both.careful)
      },
    ),
    { numRuns: share(5000) },
  )
})
