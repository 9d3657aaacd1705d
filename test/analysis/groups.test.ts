/** Journeys of one class are one group, over all captures of a machine; of different rules never. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j DROP\n-A INPUT -p tcp -m tcp --dport 23 -j DROP\nCOMMIT\n'

const line = (rule: number, port: number, id: number) =>
  `TRACE: filter:INPUT:rule:${rule} IN=eth0 OUT= MAC= SRC=192.0.2.1 DST=192.0.2.9 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${id} DF ` +
  `PROTO=TCP SPT=${40000 + id} DPT=${port} SEQ=${id} ACK=0 WINDOW=1 RES=0x00 SYN URGP=0 \n`

const groupsOf = async (...logs: string[]) => {
  const analysis = await open([{ name: 'rules', text: RULES }, ...logs.map((text, i) => ({ name: `log.${i}`, text }))])
  const { groups } = await analysis.groups()
  return groups.map(({ journey, count }) => [journey.culprit?.ruleNumber, count])
}

test('packets of two captures that met the same rules are one group', async () => {
  expect(await groupsOf(line(1, 22, 1), line(1, 22, 2))).toEqual([[1, 2]])
})

test('packets of two captures that met different rules are two', async () => {
  expect(await groupsOf(line(1, 22, 1), line(2, 23, 2))).toEqual([
    [1, 1],
    [2, 1],
  ])
})

test('the order in which a capture names rules makes no difference', async () => {
  const [first, second] = [line(1, 22, 1) + line(2, 23, 2), line(2, 23, 3) + line(1, 22, 4)]
  expect(await groupsOf(first, second)).toEqual([
    [1, 2],
    [2, 2],
  ])
})
