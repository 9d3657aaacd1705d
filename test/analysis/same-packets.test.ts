/** Files of one folder that hold the same packets: each is explained, and that they are counted twice is said. */
import { describe, expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const line = (ipId: number, sport: number, seconds = 1): string =>
  `[  ${seconds}.000001] TRACE: raw:PREROUTING:policy:1 IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${ipId} DF PROTO=TCP SPT=${sport} DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0\n`
const nft = (id: string): string =>
  `trace id ${id} inet t c packet: iif "eth0" ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 ip saddr 192.0.2.1 ip daddr 192.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240\ntrace id ${id} inet t c policy accept\n`

async function told(files: Record<string, string>): Promise<string[]> {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  await analysis.groups()
  return analysis.warnings
    .filter(({ code }) => code === 'same-packets')
    .map(({ input, message }) => `${input}: ${message}`)
}

const ONCE = 'nfwhy counts a packet once for each file. Give only one of them'

describe('the same packets in several files', () => {
  test('are told of once, with all the files', async () => {
    const log = line(7, 40000) + line(8, 40001, 4)
    expect(await told({ 'a.log': log, 'b.log': log, 'c.log': log + line(9, 40002, 8) })).toEqual([
      `a.log: b.log and c.log have the same packets; ${ONCE}`,
    ])
    expect(await told({ 'a.nft': nft('11'), 'b.nft': nft('11') })).toEqual([
      `a.nft: b.nft has the same packets; ${ONCE}`,
    ])
  })

  test.each([
    ['other packets of the same flow', { 'a.log': line(7, 40000), 'b.log': line(8, 40000) }],
    [
      'a few of many',
      {
        'a.log': [1, 2, 3, 4, 5].map((i) => line(i, 40000 + i)).join(''),
        'b.log': [1, 12, 13, 14, 15].map((i) => line(i, 40000 + i)).join(''),
      },
    ],
    ['the same packet sent twice, by the kernel’s number', { 'a.nft': nft('11'), 'b.nft': nft('12') }],
    ['both backends, each with its own half', { 'a.log': line(7, 40000), 'b.nft': nft('11') }],
    [
      'the same packet one hop further, in a namespace of the same kernel',
      { 'a.nft': nft('11'), 'b.nft': nft('11').replace('ip ttl 64', 'ip ttl 63') },
    ],
    [
      'the same packet one hop further',
      { 'a.log': line(7, 40000), 'b.log': line(7, 40000).replace('TTL=64', 'TTL=63') },
    ],
  ])('%s: nothing is told', async (_, files) => {
    expect(await told(files)).toEqual([])
  })
})
