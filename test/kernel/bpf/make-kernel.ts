/** What a kernel describes of itself, as far as drops are concerned, with places of our own choosing. */
import { BtfMaker } from './make-btf.ts'

/** `tracepoint`: what kfree_skb hands over. */
export function kernelTypes({
  tracepoint = ['sk_buff', 'location', 'reason', 'sock'],
  reasons = {
    SKB_NOT_DROPPED_YET: 0,
    SKB_CONSUMED: 1,
    SKB_DROP_REASON_NOT_SPECIFIED: 2,
    SKB_DROP_REASON_NO_SOCKET: 3,
    SKB_DROP_REASON_IP_RPFILTER: 4,
    SKB_DROP_REASON_MAX: 5,
    SKB_DROP_REASON_SUBSYS_MASK: 0xffff0000,
  } as Readonly<Record<string, number>>,
  markName = 'mark',
} = {}): Uint8Array {
  const maker = new BtfMaker()
  const u32 = maker.integer('unsigned int', 4)
  const u16 = maker.integer('short unsigned int', 2)
  const name = maker.array(maker.integer('char', 1), u32, 16)
  maker.forward('sk_buff')
  const inum = maker.structure('ns_common', [['inum', u32, 64]])
  const net = maker.structure('net', [['ns', inum, 960]])
  const possible = maker.typedef('possible_net_t', maker.structure('', [['net', maker.pointer(net), 0]]))
  const device = maker.structure('net_device', [
    ['name', name, 2240],
    ['ifindex', u32, 1792],
    ['nd_net', possible, 2112],
  ])
  const common = maker.structure('sock_common', [['skc_net', possible, 384]])
  const sock = maker.structure('sock', [['__sk_common', common, 0]])
  const headers = maker.structure(
    '',
    [
      ['pkt_type', u16, (3 << 24) | 0],
      ['skb_iif', u32, 128],
      [markName, u32, 288],
      ['protocol', u16, 384],
      ['network_header', u16, 416],
    ],
    true,
  )
  const first = maker.structure('', [
    ['next', u32, 0],
    ['dev', maker.pointer(device), 128],
  ])
  const skb = maker.structure('sk_buff', [
    ['', maker.union([['', first, 0]]), 0],
    ['sk', maker.pointer(sock), 192],
    ['', maker.union([['', headers, 0]]), 1024],
    ['tail', maker.typedef('sk_buff_data_t', u32), 1472],
    ['head', maker.pointer(u16), 1536],
  ])
  const reason = maker.enumeration('skb_drop_reason', reasons)
  const nothing = maker.pointer(0)
  const types: Readonly<Record<string, number>> = {
    sk_buff: maker.pointer(skb),
    location: nothing,
    reason,
    sock: maker.pointer(maker.constant(sock)),
  }
  if (tracepoint.length > 0)
    maker.typedef(
      'btf_trace_kfree_skb',
      maker.pointer(maker.prototype([nothing, ...tracepoint.map((one) => types[one]!)])),
    )
  return maker.bytes()
}
