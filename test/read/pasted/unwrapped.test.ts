import { describe, expect, it } from 'vitest'
import { cutPasted } from '../../../src/read/pasted/cut.ts'
import { mayBePasted } from '../../../src/read/pasted/signs.ts'
import { unwrapped } from '../../../src/read/pasted/unwrapped.ts'

const LOG =
  '[  7.5] closed: IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 WINDOW=1024 RES=0x00 SYN URGP=0 '
const LINES = [
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD DROP [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  '-A INPUT -j LOG --log-prefix "closed: "',
  'COMMIT',
  LOG,
]

describe('a ticket that another program wrote line by line', () => {
  const forms: Record<string, (line: string, i: number) => string> = {
    'docker compose logs': (line) => `gw_1     | ${line}`,
    'kubectl logs --prefix': (line) => `[pod/gw-0/main] ${line}`,
    'a container log (CRI)': (line) => `2026-03-01T10:00:00.123456789Z stdout F ${line}`,
    'docker logs -t': (line) => `2026-03-01T10:00:00.123456789Z ${line}`,
    'the journal': (line) => `Mar 01 10:00:00 gw check.sh[812]: ${line}`,
    "docker's json-file": (line) =>
      JSON.stringify({ log: `${line}\n`, stream: 'stdout', time: '2026-03-01T10:00:00Z' }),
    'line numbers': (line, i) => `${i + 1}: ${line}`,
  }
  for (const [name, wrap] of Object.entries(forms))
    it(`is read as without it: ${name}`, () => {
      const text = `${LINES.map(wrap).join('\n')}\n`
      expect(mayBePasted(text, true)).toBe(true)
      const read = cutPasted(text)!.blocks.map(({ recognised, from, to }) => `${recognised.format.id} ${from}-${to}`)
      expect(read).toEqual(['iptables-save 1-6', 'kernel-log 7-7'])
    })

  it('keeps the time of a log whose lines alone stand in it', () => {
    const lines = [LOG, LOG].map((line) => `Mar 01 10:00:00 gw kernel: ${line}`)
    expect(unwrapped(lines)).toBe(lines)
  })
})
