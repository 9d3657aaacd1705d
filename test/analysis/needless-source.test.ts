/** A reset came back through this host: that nat kept the source did not keep it away. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.0.2.12:22
-A POSTROUTING -s 192.0.2.128/25 ! -d 192.0.2.128/25 -j MASQUERADE
COMMIT
`
const HOST = {
  'ip-addr.txt':
    '2: lan    inet 192.0.2.1/24 brd 192.0.2.255 scope global lan\\       valid_lft forever preferred_lft forever\n',
  'ip-route4.txt': 'default via 192.0.2.2 dev lan \n192.0.2.0/24 dev lan proto kernel scope link src 192.0.2.1 \n',
}
const line = (at: number, where: string, ways: string, ends: string, flags: string) =>
  `[  ${at}.000001] TRACE: ${where} ${ways} MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 ${ends} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${at} DF PROTO=TCP ${flags} URGP=0\n`
const asked = (where: string, ways: string, dst: string, dport: number) =>
  line(1, where, ways, `SRC=203.0.113.7 DST=${dst}`, `SPT=40000 DPT=${dport} SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN`)
const reset = (where: string, ways: string) =>
  line(2, where, ways, 'SRC=192.0.2.12 DST=203.0.113.7', 'SPT=22 DPT=40000 SEQ=0 ACK=2 WINDOW=0 RES=0x00 ACK RST')

const request =
  asked('nat:PREROUTING:rule:1', 'IN=lan OUT=', '192.0.2.1', 2222) +
  asked('nat:POSTROUTING:policy:2', 'IN= OUT=lan', '192.0.2.12', 22)

const told = async (log: string) => {
  const files = { 'rules.v4': RULES, ...HOST, 'trace.log': log }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  return printReport('text', groups, ending, {}).replace(/\s+/g, ' ')
}

test('what a reset says is told, and not the rule that would have given another source', async () => {
  const text = await told(request + reset('raw:PREROUTING:policy:1', 'IN=lan OUT='))
  expect(text).toMatch(/^✗ REFUSED: by a reset/)
  expect(text).toContain('cause A reset came back from 192.0.2.12:22: #2. nat PREROUTING rule 1 sent the packet there.')
  expect(text).not.toContain('would have rewritten its source')
})

test('without a reply, that rule is told', async () => {
  expect(await told(request)).toContain('would have rewritten its source, but only matches -s 192.0.2.128/25')
})
