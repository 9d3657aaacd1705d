/** What is saved of a narrowed list is what it shows, also where packets of one class fared differently. */
import { expect, test } from 'vitest'
import { sessionOf } from './session-of.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -j TRACE
-A OUTPUT -p tcp -j TRACE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`

const line = (time: number, place: string, ends: string, flags: string, id: number) =>
  `[  ${time.toFixed(6)}] TRACE: ${place} ${ends} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${id} DF PROTO=TCP ${flags} WINDOW=64240 RES=0x00 URGP=0\n`

const request = (time: number, port: number, id: number) =>
  ['raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2', 'filter:INPUT:policy:1']
    .map((place, i) =>
      line(
        time + i / 1000,
        place,
        'IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1',
        `SPT=${port} DPT=80 SEQ=1 ACK=0 SYN`,
        id,
      ),
    )
    .join('')

const reply = (time: number, port: number, id: number) =>
  ['raw:OUTPUT:rule:1', 'raw:OUTPUT:policy:2', 'filter:OUTPUT:policy:1']
    .map((place, i) =>
      line(
        time + i / 1000,
        place,
        'IN= OUT=eth0 SRC=198.51.100.1 DST=192.0.2.7',
        `SPT=80 DPT=${port} SEQ=9 ACK=2 ACK SYN`,
        id,
      ),
    )
    .join('')

const LOG = [
  request(100, 40000, 1) + reply(100.1, 40000, 2),
  request(110, 40001, 3),
  request(120, 40002, 5) + reply(120.1, 40002, 6),
].join('')

test.each([
  ['NO REPLY', ['3'], [['3', 'unanswered']]],
  [
    'DELIVERED',
    ['1', '4'],
    [
      ['1', 'answered'],
      ['4', 'answered'],
    ],
  ],
])('only what %s is left of', async (word, ids, exchanges) => {
  const session = await sessionOf({ name: 'dmesg.log', text: LOG }, { name: 'rules.v4', text: RULES })
  const wanted = { filter: '', words: [word], decided: [], machines: [] }
  await session.select(wanted)
  const saved = JSON.parse(new TextDecoder().decode(await session.export({ ...wanted, form: 'json' })))
  expect(saved.journeys.map(({ id }: { id: string }) => id)).toEqual(ids)
  expect(saved.exchanges.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual(exchanges)
})
