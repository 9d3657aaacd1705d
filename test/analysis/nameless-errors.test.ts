/**
 * xtables-monitor prints nothing of an ICMP error but its addresses and length. Captured on Linux 6.18 with iptables 1.8.9,
 * which dies at the words of the last rule of tcp.txt: they are added.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const FOLDER = new URL('../../fixtures/analysis/xtables-rejects/', import.meta.url)
const text = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')

async function told(trace: string) {
  const analysis = await open([{ name: 'trace.txt', text: trace }])
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ status, asked, journeys: { request, replies, errors } }) =>
    [status, `${asked.src} ${asked.dst}`, request, replies, errors].join(' | '),
  )
}

describe('the error of a rule that rejects', () => {
  test('belongs to what it is about, beside other packets to the same host', async () => {
    expect(await told(text('tcp.txt'))).toEqual([
      'rejected | 10.1.0.2 203.0.113.2 | 1 |  | 2',
      'rejected | 10.1.0.2 10.1.0.1 | 3 | 4 | ',
      // neighbour solicitation
      'undetermined | 2001:db8:1::1 2001:db8:1::2 | 5 |  | ',
      'rejected | 2001:db8:1::2 2001:db8:2::2 | 6 |  | 7',
    ])
  })

  test('is no reply to a ping of this host, nor does it hide that a later ping was rejected', async () => {
    expect(await told(text('pings.txt'))).toEqual([
      'rejected | 10.1.0.2 10.1.0.1 | 1,3 |  | 2,4',
      'rejected | 10.1.0.2 203.0.113.2 | 5,7,9 |  | 6,8,10',
    ])
  })
})

test('the length of an IPv6 packet has its header, which the tool leaves half out', async () => {
  const analysis = await open([{ name: 'trace.txt', text: text('tcp.txt') }])
  const lengths: Record<string, number | undefined> = {}
  for await (const { packet } of analysis.journeys()) lengths[`${packet.src} ${packet.dst}`] = packet.length
  // with a TCP header of 40 bytes
  expect(lengths['10.1.0.2 203.0.113.2']).toBe(60)
  expect(lengths['2001:db8:1::2 2001:db8:2::2']).toBe(80)
})
