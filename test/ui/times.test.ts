/** The time line: when exchanges began. */
import { expect, test } from 'vitest'
import { sessionOf } from './session-of.ts'

const line = (at: string, port: number) =>
  `${at} TRACE: filter:INPUT:rule:1 IN=eth0 OUT= SRC=10.0.0.2 DST=10.0.0.1 LEN=60 TTL=64 ID=${port} PROTO=TCP SPT=${port} DPT=80 SYN\n`
const ports = [1, 2, 3]
const BOOT = ports.map((port) => line(`[  10${port}.000000]`, port)).join('')
const DATED = ports.map((port) => line(`2026-11-20T10:00:0${port}.000000+00:00 host kernel:`, port + 10)).join('')

const timesOf = async (files: Record<string, string>) => {
  const session = await sessionOf(...Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await session.select({ filter: '', words: [], decided: [], machines: [] })).times
}

test('spans what one clock has told', async () => {
  for (const text of [BOOT, DATED]) {
    const times = await timesOf({ 'a.log': text })
    expect(times!.last - times!.first).toBe(2e6)
  }
})

test('compares no date with seconds since boot', async () => {
  expect(await timesOf({ 'a.log': BOOT, 'b.log': DATED })).toBeUndefined()
})
