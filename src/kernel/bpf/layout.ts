/** What the program has to know of the kernel that runs: where fields stand, and what the tracepoint hands over. */
import { type Btf, BtfError } from './btf.ts'

export interface Layout {
  /** Places of fields, in bytes. */
  skb: { device: number; socket: number; mark: number; protocol: number; inputIndex: number } & {
    head: number
    tail: number
    networkHeader: number
  }
  device: { name: number; index: number; net: number }
  socket: { net: number }
  net: { inode: number }
  /** Which argument of the tracepoint is what; a program sees the first as 0. */
  arguments: { skb: number; location: number; reason: number; receiver?: number }
  /** The first reason that is one: what stands before it is no drop. */
  firstReason: number
  /** By number, in the kernel's words without their prefix: `NO_SOCKET`. */
  reasons: ReadonlyMap<number, string>
}

/** Names what is missing: kernels before 5.17 give no reason. */
export function layoutOf(btf: Btf): Layout {
  const at = (structure: string, path: string): number => {
    const offset = btf.offsetOf(structure, path)
    if (offset === undefined) throw new BtfError(`this kernel's ${structure} has no ${path}`)
    return offset
  }
  // net/core/skbuff.c since 5.17; the socket that was to receive it came in 6.11 (include/trace/events/skb.h)
  const taken = btf.argumentsOf('btf_trace_kfree_skb')
  const reasons = btf.namesOf('skb_drop_reason')
  // in front of the tracepoint's own arguments stands what whoever attached gave
  const place = (type: string) => (taken?.indexOf(type) ?? 0) - 1
  const [skb, reason, receiver] = [place('sk_buff'), place('skb_drop_reason'), place('sock')]
  if (!taken || skb < 0) throw new BtfError('this kernel has no tracepoint kfree_skb')
  if (!reasons || reason < 0)
    throw new BtfError('this kernel gives no drop reasons; Linux 5.17 and later versions give them')
  return {
    skb: {
      device: at('sk_buff', 'dev'),
      socket: at('sk_buff', 'sk'),
      mark: at('sk_buff', 'mark'),
      protocol: at('sk_buff', 'protocol'),
      inputIndex: at('sk_buff', 'skb_iif'),
      head: at('sk_buff', 'head'),
      tail: at('sk_buff', 'tail'),
      networkHeader: at('sk_buff', 'network_header'),
    },
    device: { name: at('net_device', 'name'), index: at('net_device', 'ifindex'), net: at('net_device', 'nd_net.net') },
    socket: { net: at('sock', '__sk_common.skc_net.net') },
    net: { inode: at('net', 'ns.inum') },
    arguments: { skb, location: skb + 1, reason, ...(receiver < 0 ? {} : { receiver }) },
    ...namedReasons(reasons),
  }
}

function namedReasons(all: ReadonlyMap<number, string>): Pick<Layout, 'firstReason' | 'reasons'> {
  const reasons = new Map<number, string>()
  let firstReason = 0
  for (const [number, name] of all) {
    // SKB_NOT_DROPPED_YET and SKB_CONSUMED are no drops; neither is what closes the list, and masks of its parts
    const reason = /^SKB_DROP_REASON_(?!MAX$|SUBSYS_MASK$)(.+)$/.exec(name)?.[1]
    if (reason !== undefined) reasons.set(number, reason)
    if (reason === 'NOT_SPECIFIED') firstReason = number
  }
  return { firstReason, reasons }
}
