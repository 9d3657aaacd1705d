/** Numbers that no packet can have are not read as others. */
import { expect, test } from 'vitest'
import { open } from '../../../src/index.ts'

async function ports(name: string, text: string) {
  const analysis = await open([{ name, text }])
  const packets: [number | undefined, number | undefined, number | undefined][] = []
  for await (const { packet } of analysis.journeys()) packets.push([packet.sport, packet.dport, packet.length])
  return packets
}

test.each([
  ['999999999999', undefined],
  ['70000', undefined],
  ['65535', 65_535],
])('a port of %s', async (port, read) => {
  const log = `[ 10.1] TRACE: filter:FORWARD:policy:1 IN=a OUT=b SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=${port} SEQ=1 ACK=0 WINDOW=64 RES=0x00 SYN URGP=0 \n`
  expect(await ports('trace.log', log)).toEqual([[40_000, read, 60]])
  const nft = `trace id 0a0b0c0d ip f fw packet: iif "a" oif "b" ip saddr 192.0.2.1 ip daddr 192.0.2.2 ip ttl 64 ip id 7 ip length 60 tcp sport 40000 tcp dport ${port} tcp flags == syn \ntrace id 0a0b0c0d ip f fw policy accept \n`
  expect(await ports('trace.txt', nft)).toEqual([[40_000, read, 60]])
})

test('a length of more than 32 bits', async () => {
  const log = `[ 10.1] TRACE: filter:FORWARD:policy:1 IN=a OUT=b SRC=192.0.2.1 DST=192.0.2.2 LEN=99999999999 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64 RES=0x00 SYN URGP=0 \n`
  expect(await ports('trace.log', log)).toEqual([[40_000, 80, undefined]])
})
