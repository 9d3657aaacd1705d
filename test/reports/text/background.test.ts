/** What nobody asks about has one line, unless nothing else failed: then the capture is of it. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { FORMS } from '../../../src/reports/index.ts'
import { write } from '../cases.ts'

const NO_TAIL = { inputs: [], warnings: [], stats: { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 } }
const RULES = '*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --dport 500 -j DROP\nCOMMIT\n'
const dropped = (dst: string, port: number, id: number, by = 'policy:2') =>
  `TRACE: filter:INPUT:${by} IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=${dst} LEN=60 TOS=0x00 PREC=0x00 TTL=1 ID=${id} ` +
  `PROTO=UDP SPT=${port} DPT=${port} LEN=40 \n`

/** How many of them are explained. */
async function causes(...lines: string[]): Promise<number> {
  const analysis = await open([
    { name: 'rules', text: RULES },
    { name: 'log', text: lines.join('') },
  ])
  const { groups } = await analysis.groups()
  return write(FORMS.text, groups, NO_TAIL).match(/^ {2}cause /gm)?.length ?? 0
}
const NETBIOS = dropped('192.0.2.255', 137, 1)
const SSDP = dropped('239.255.255.250', 1900, 2)

it('is explained where nothing else failed', async () => {
  expect(await causes(NETBIOS, SSDP)).toBe(2)
})

it('has a line beside what was asked for and failed', async () => {
  expect(await causes(NETBIOS, SSDP, dropped('192.0.2.9', 500, 3, 'rule:1'))).toBe(1)
})
