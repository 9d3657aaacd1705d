/** What a trace that showed nothing says of the kernel's drops. */
import { expect, it } from 'vitest'
import { readFilter } from '../../src/analysis/select.ts'
import { UnseenDrops } from '../../src/analysis/unseen-drops.ts'
import type { Drop } from '../../src/model/host.ts'

const ECHO: Drop = {
  time: '2026-11-20T18:28:34.532632Z',
  reason: 'NETFILTER_DROP',
  location: 'nft_do_chain+0x5d',
  packet: { in: 'r0', src: '192.0.2.2', dst: '192.0.2.1', protocol: 'icmp', icmpType: 8, icmpCode: 0 },
}

function told(filter: string, ...drops: Drop[]): string[] {
  const unseen = new UnseenDrops(readFilter(filter))
  unseen.add(drops, '2026-11-20T18:28:34.532Z')
  return unseen.text.split('\n').slice(1, -1)
}

it('tells of packets that the filter names, those of one kind once', () => {
  expect(told('icmp', ECHO, ECHO)).toEqual(['  icmp 192.0.2.2 → 192.0.2.1: NETFILTER_DROP in nft_do_chain × 2'])
  expect(told('', ECHO)).toHaveLength(1)
})

it('says nothing of others, of copies, and of what is put away', () => {
  expect(told('tcp', ECHO)).toEqual([])
  expect(told('icmp', { ...ECHO, reason: 'PACKET_SOCK_ERROR' }, { ...ECHO, reason: 'QUEUE_PURGE' })).toEqual([])
})

it('says nothing of what was dropped before packets were traced', () => {
  expect(told('icmp', { ...ECHO, time: '2026-11-20T18:28:34.531999Z' })).toEqual([])
})
