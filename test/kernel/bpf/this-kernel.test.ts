/** What the kernel that runs here says of itself. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadReasons, meaningOf } from '../../../src/explain/kernel-drops/meaning.ts'
import { MEANINGS } from '../../../src/explain/kernel-drops/reasons.ts'
import { Btf } from '../../../src/kernel/bpf/btf.ts'
import { layoutOf } from '../../../src/kernel/bpf/layout.ts'

const TYPES = '/sys/kernel/btf/vmlinux'
const reason = existsSync(TYPES) ? undefined : `no ${TYPES}`
if (reason) console.warn(`the kernel's own types are not read: ${reason}`)

/** Of what no trace of netfilter shows; or that it means nothing by itself. */
const OTHERS = /^(NOT_SPECIFIED$|UNIX_|CAN|ARP_|MAC_IEEE_|PACKET_SOCK_ERROR$)/

describe.skipIf(reason)("this kernel's types", () => {
  it('tell where all stands that the program reads', () => {
    const { skb, device, reasons, arguments: given } = layoutOf(new Btf(readFileSync(TYPES)))
    // head, tail and length of a buffer are pointers and numbers in a structure of some hundred bytes
    for (const offset of Object.values(skb)) expect(offset).toBeLessThan(512)
    expect(new Set(Object.values(skb)).size).toBe(Object.keys(skb).length)
    expect(device.name % 1).toBe(0)
    expect(given).toMatchObject({ skb: 0, location: 1, reason: 2 })
    expect([...reasons.values()]).toEqual(expect.arrayContaining(['NOT_SPECIFIED', 'NO_SOCKET', 'NETFILTER_DROP']))
  })

  it('has few reasons whose meaning is not told, and those are called by their names', async () => {
    await loadReasons()
    const { reasons } = layoutOf(new Btf(readFileSync(TYPES)))
    const untold = [...reasons.values()].filter((name) => !MEANINGS[name] && !OTHERS.test(name))
    if (untold.length > 0) console.warn(`this kernel has reasons that are newer than this test: ${untold.join(', ')}`)
    // a kernel that is newer has some more, and vendors add their own
    expect(untold.length).toBeLessThan(10)
    for (const reason of untold)
      expect(meaningOf({ reason, packet: {}, time: '2026-12-01T00:00:00.000000Z' })?.text).toBe(
        `nfwhy does not know the reason ${reason}`,
      )
  })
})
