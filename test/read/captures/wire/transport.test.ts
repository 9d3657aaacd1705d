/** What is read of an ICMP error whose quotation was cut. */
import { expect, test } from 'vitest'
import * as F from '../../../../src/read/captures/header-fields.ts'
import { readTransport } from '../../../../src/read/captures/wire/transport.ts'

const ERROR = [3, 13, 0, 0, 0, 0, 0, 0, 0x45, 0, 0, 60, 0xd9, 0x2e, 0x40, 0, 63, 6, 0x4a, 0xe8]

function read(bytes: readonly number[]): Int32Array {
  const row = new Int32Array(F.COLUMNS)
  readTransport(row, new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length, F.ICMP)
  return row
}

test('gives IP id and length of the packet that it quotes', () => {
  const row = read(ERROR)
  expect(row[F.QUOTED]! >>> 16).toBe(0xd92e)
  expect(row[F.QUOTED]! & 0xffff).toBe(60)
  expect(row[F.INNER]).toBe(0)
})

test.each([
  ['an echo', [8, 0, ...ERROR.slice(2)]],
  ['what has no IP header', [...ERROR.slice(0, 8), 0x50, ...ERROR.slice(9)]],
  ['what was cut in front of the id', ERROR.slice(0, 13)],
])('gives none of %s', (_name, bytes) => {
  expect(read(bytes)[F.QUOTED]).toBe(0)
})
