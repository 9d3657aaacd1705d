/** What the kernel that runs here says of itself. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
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

  it('has no reason whose meaning is not told', () => {
    const { reasons } = layoutOf(new Btf(readFileSync(TYPES)))
    expect([...reasons.values()].filter((name) => !MEANINGS[name] && !OTHERS.test(name))).toEqual([])
  })
})
