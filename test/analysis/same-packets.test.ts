/** Files of one folder that hold the same packets: each packet is told once, and that is said. */
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

const ONCE = 'each packet is told once'

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

describe('a packet that two files have', () => {
  const at = (place: string, ways: string, flags = 'SYN', ipId = 7, ends = ['192.0.2.1', '192.0.2.2', 40000, 80]) =>
    line(ipId, Number(ends[2]))
      .replace('raw:PREROUTING:policy:1', place)
      .replace('IN=eth0 OUT=', ways)
      .replace('SRC=192.0.2.1 DST=192.0.2.2', `SRC=${ends[0]} DST=${ends[1]}`)
      .replace('DPT=80', `DPT=${ends[3]}`)
      .replace('SYN', flags)
  const request = at('raw:PREROUTING:policy:1', 'IN=eth0 OUT=') + at('filter:INPUT:policy:1', 'IN=eth0 OUT=')
  const reply = at('filter:OUTPUT:policy:1', 'IN= OUT=tun0', 'ACK SYN', 9, ['192.0.2.2', '192.0.2.1', 80, 40000])
  const exchangesOf = async (...files: string[]) => {
    const analysis = await open(files.map((text, i) => ({ name: `${i}.log`, text })))
    const { exchanges } = await analysis.exchanges()
    return exchanges.map(({ status, journeys }) => [status, Object.values(journeys).flat().length])
  }

  test('is told once: nobody goes on behind the reply', async () => {
    const [once] = await exchangesOf(request + reply)
    expect(await exchangesOf(request + reply, request + reply)).toEqual([once])
  })

  test('is told by both where the second shows how it went on', async () => {
    const [first, second] = request.split(/(?<=\n)/)
    expect(await exchangesOf(first!, second!)).toEqual([[expect.any(String), 2]])
    expect(await exchangesOf(first!, first!)).toEqual([[expect.any(String), 1]])
    expect(await told({ 'a.log': first!, 'b.log': request })).toEqual([
      'a.log: b.log has the same packets; nfwhy counts a packet once for each file that shows more of it. Give only one of these files',
    ])
  })

  test('is told once in IPv6 as well, which has no number for each packet', async () => {
    const six = (text: string) =>
      text
        .replace('192.0.2.1', '2001:db8::1')
        .replace('192.0.2.2', '2001:db8::2')
        .replace('TOS=0x00 PREC=0x00 TTL=64 ID=7 DF', 'TC=0 HOPLIMIT=64 FLOWLBL=0')
    const log = six(line(7, 40000))
    expect(await exchangesOf(log, log)).toEqual([[expect.any(String), 1]])
  })
})
