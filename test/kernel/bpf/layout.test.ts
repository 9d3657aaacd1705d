import { describe, expect, it } from 'vitest'
import { Btf, BtfError } from '../../../src/kernel/bpf/btf.ts'
import { layoutOf } from '../../../src/kernel/bpf/layout.ts'
import { BtfMaker } from './make-btf.ts'
import { kernelTypes } from './make-kernel.ts'

describe("the kernel's description of its types", () => {
  it('tells where fields stand, through names, pointers, unions and bit fields', () => {
    expect(layoutOf(new Btf(kernelTypes()))).toEqual({
      skb: {
        device: 16,
        socket: 24,
        inputIndex: 144,
        mark: 164,
        protocol: 176,
        networkHeader: 180,
        tail: 184,
        head: 192,
      },
      device: { name: 280, index: 224, net: 264 },
      socket: { net: 48 },
      net: { inode: 128 },
      arguments: { skb: 0, location: 1, reason: 2, receiver: 3 },
      firstReason: 2,
      reasons: new Map([
        [2, 'NOT_SPECIFIED'],
        [3, 'NO_SOCKET'],
        [4, 'IP_RPFILTER'],
      ]),
    })
  })

  it('takes kernels that do not hand over the receiving socket (before 6.11)', () => {
    const { arguments: given } = layoutOf(new Btf(kernelTypes({ tracepoint: ['sk_buff', 'location', 'reason'] })))
    expect(given).toEqual({ skb: 0, location: 1, reason: 2 })
  })

  it('takes kernels whose first reason is 0 (5.17)', () => {
    const reasons = { SKB_DROP_REASON_NOT_SPECIFIED: 0, SKB_DROP_REASON_NO_SOCKET: 1, SKB_DROP_REASON_MAX: 2 }
    expect(layoutOf(new Btf(kernelTypes({ reasons })))).toMatchObject({
      firstReason: 0,
      reasons: new Map([
        [0, 'NOT_SPECIFIED'],
        [1, 'NO_SOCKET'],
      ]),
    })
  })

  it.each([
    ['gives no drop reasons', () => kernelTypes({ tracepoint: ['sk_buff', 'location'] })],
    ['has no tracepoint kfree_skb', () => kernelTypes({ tracepoint: [] })],
    ['sk_buff has no mark', () => kernelTypes({ markName: 'other' })],
    ['is not BTF', () => new Uint8Array(100)],
    ['is not BTF', () => new Uint8Array(3)],
    ['cut short', () => kernelTypes().slice(0, 200)],
    [
      'kind 25',
      () => {
        const maker = new BtfMaker()
        maker.unknown(25)
        return maker.bytes()
      },
    ],
  ])('says where it cannot be used: %s', (message, types) => {
    expect(() => layoutOf(new Btf(types()))).toThrow(BtfError)
    expect(() => layoutOf(new Btf(types()))).toThrow(message)
  })
})
