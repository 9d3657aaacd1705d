/**
 * What the kernel's drop reasons mean, in a sentence each (include/net/dropreason-core.h, up to what came behind Linux 6.18).
 * Reasons that are not here are newer, of what is no IP, or a driver's own.
 */

import { wordTable } from '../../model/word-table.ts'
import { CHECKSUM, HERE } from './reasons-here.ts'
import { at, type Meaning } from './stages.ts'

const FRAGMENTS = 'check who sends such large packets, and whether a router on the path drops fragments'

export const MEANINGS: Readonly<Record<string, Meaning>> = wordTable({
  ...HERE,

  NETFILTER_DROP: at('netfilter', 'netfilter dropped it, in conntrack or by a rule that the capture does not show'),

  IP_RPFILTER: at('routing', 'the route back to its source leaves by another interface (reverse path filter)'),
  IP_INNOROUTES: at('routing', 'there is no route to its destination'),
  IP_OUTNOROUTES: at('routing', 'the kernel found no route to its destination when sending it'),
  IP_INADDRERRORS: at('routing', 'its destination is unreachable from here, for example because forwarding is off'),
  IP_LOCAL_SOURCE: at('routing', "its source is this host's own address, but it did not come in on lo"),
  IP_INVALID_SOURCE: at('routing', 'its source is not a valid host address'),
  IP_INVALID_DEST: at('routing', 'its destination is not a valid host address'),
  IP_LOCALNET: at('routing', 'its source or destination is a loopback address, but it did not come in on lo'),
  UNICAST_IN_L2_MULTICAST: at('routing', 'its frame was broadcast or multicast, but its IP destination is unicast'),
  PKT_TOO_BIG: at('routing', "it is larger than the outgoing interface's MTU, and must not be fragmented"),
  IP_TTL_EXCEEDED: at('routing', 'its TTL is used up'),
  IP_INHDR: at('routing', 'something is wrong with its IP header, or its TTL is used up'),
  IPV6_BAD_EXTHDR: at('routing', 'one of its IPv6 extension headers is invalid'),
  IPV6_TOO_MANY_EXTHDRS: at('routing', 'it has too many IPv6 extension headers'),
  IP_CSUM: at('before', 'the checksum of its IP header is wrong', CHECKSUM),
  PKT_TOO_SMALL: { text: 'it is shorter than its headers say', check: 'capture it at the sender and compare' },
  HDR_TRUNC: { text: 'a header is truncated', check: 'capture it at the sender and compare' },
  OTHERHOST: at('before', 'its frame was for another host: the interface is promiscuous'),
  DUP_FRAG: at('routing', 'it is a fragment that was received before', FRAGMENTS),
  FRAG_REASM_TIMEOUT: at('routing', "the packet's other fragments did not arrive in time", FRAGMENTS),
  FRAG_TOO_FAR: at('routing', 'too many other packets came between its fragments', FRAGMENTS),

  NEIGH_FAILED: at(
    'out',
    'the next hop does not reply to ARP or neighbour discovery',
    'check that the next hop is up, on this link and with this address',
    'ip neigh show nud failed',
  ),
  NEIGH_CREATEFAIL: at('out', 'the neighbour table is full', 'see net.ipv4.neigh.default.gc_thresh3', 'ip -s neigh'),
  NEIGH_QUEUEFULL: at(
    'out',
    "too many packets wait for the next hop's ARP or neighbour discovery reply",
    'check whether the next hop replies',
    'ip neigh',
  ),
  NEIGH_DEAD: at(
    'out',
    'the neighbour entry of its next hop was just removed',
    'check whether that link is stable',
    'ip monitor neigh',
  ),
  NEIGH_HH_FILLFAIL: at('out', 'the kernel could not build its link-layer header'),
  BPF_CGROUP_EGRESS: at(
    'out',
    "an eBPF program of the sender's cgroup refused it",
    'find out which program it is',
    'bpftool cgroup tree',
  ),
  TC_EGRESS: at(
    'out',
    'a traffic control filter refused it at egress',
    'check the filters of that interface',
    'tc filter show dev DEVICE egress',
  ),
  QDISC_DROP: at(
    'out',
    "the interface's queue was full",
    'check what is dropped there, and how much is sent',
    'tc -s qdisc',
  ),
  QDISC_BURST_DROP: at(
    'out',
    "too many packets came to the interface's queue at once",
    'see net.core.qdisc_max_burst',
    'tc -s qdisc',
  ),
  QDISC_OVERLIMIT: at(
    'out',
    "the interface's queue is full",
    'check what is dropped there, and how much is sent',
    'tc -s qdisc',
  ),
  QDISC_CONGESTED: at(
    'out',
    "the interface's queue dropped it to slow senders down",
    'check how much is sent',
    'tc -s qdisc',
  ),
  CAKE_FLOOD: at(
    'out',
    'the queue of the interface (cake) drops packets because too many arrive (flood)',
    'check how much is sent',
    'tc -s qdisc',
  ),
  FQ_BAND_LIMIT: at(
    'out',
    'the queue of the interface (fq) is full for packets of its priority',
    'check how much is sent',
    'tc -s qdisc',
  ),
  FQ_HORIZON_LIMIT: at(
    'out',
    'its send time is too far in the future (fq)',
    'check which program sets send times',
    'tc -s qdisc',
  ),
  FQ_FLOW_LIMIT: at(
    'out',
    'its flow has too many packets in the queue of the interface (fq)',
    'check how much is sent',
    'tc -s qdisc',
  ),
  DUALPI2_STEP_DROP: at(
    'out',
    "the interface's queue (dualpi2) dropped it to slow senders down",
    'check how much is sent',
    'tc -s qdisc',
  ),
  DEV_READY: at('out', 'the interface is not ready: down, or nobody reads from it', 'check its state', 'ip -s link'),
  DEV_HDR: at('out', 'the header that the interface needs is invalid'),
  FULL_RING: at(
    'out',
    "the interface's ring is full: its reader is too slow",
    'check what is dropped there',
    'ip -s link',
  ),
  TAP_FILTER: at('out', 'a filter on the tap interface refused it', 'check which program or VM uses that interface'),
  TAP_TXFILTER: at(
    'out',
    'the filter of the tap interface refused it',
    'check which program or VM uses that interface',
  ),
  NO_TX_TARGET: at('out', 'the interface has no destination for it', 'check its forwarding table', 'bridge fdb'),
  BRIDGE_INGRESS_STP_STATE: at(
    'before',
    'the bridge port does not forward yet (spanning tree)',
    'check its state',
    'bridge link',
  ),
  LOCAL_MAC: at(
    'before',
    "its frame has this interface's own MAC address as source",
    'check for a loop, or for a duplicate MAC address',
    'ip -br link',
  ),
  MAC_INVALID_SOURCE: at('before', "its frame's source MAC address is invalid"),
  VXLAN_INVALID_HDR: at('here', 'its VXLAN header is invalid'),
  VXLAN_VNI_NOT_FOUND: at(
    'here',
    'no VXLAN interface has its VNI',
    'compare the VNI of both ends',
    'ip -d link show type vxlan',
  ),
  VXLAN_NO_REMOTE: at(
    'out',
    'the VXLAN interface has no destination for it',
    'check its forwarding table',
    'bridge fdb',
  ),
  VXLAN_ENTRY_EXISTS: at('here', 'its source MAC address is a static entry of the VXLAN interface, on another port'),
  GRE_INVALID_HDR: at('here', 'its GRE header is invalid'),
  GRE_CSUM: at('here', 'its GRE checksum is wrong', CHECKSUM),
  GRE_TUNNEL_NOT_FOUND: at(
    'here',
    'no GRE interface matches it',
    'compare addresses and keys of both ends',
    'ip -d tunnel',
  ),
  TNL_OPT_MISMATCH: at(
    'here',
    'its tunnel header lacks options that the interface requires',
    'compare both ends',
    'ip -d link',
  ),
  TNL_OLD_SEQ: at('here', 'it arrived out of order: tunnel packets with later sequence numbers came before it'),
  PSP_INPUT: at('here', 'its encryption (PSP) is not the one that the socket requires'),
  PSP_OUTPUT: at('out', 'the kernel could not encrypt it (PSP)'),
  IP_TUNNEL_ECN: at('here', 'the congestion marks (ECN) of its inner and outer header contradict each other'),
  TUNNEL_TXINFO: at(
    'out',
    'the tunnel only sends packets that carry a tunnel destination (external mode)',
    'check which route or filter sends it there',
    'ip route',
  ),
  RECURSION_LIMIT: at(
    'out',
    'it passed too many stacked interfaces; perhaps they form a loop',
    'check which interfaces point to each other',
    'ip -d link',
  ),
  CPU_BACKLOG: at(
    'before',
    "a CPU's receive backlog is full",
    'see net.core.netdev_max_backlog',
    'cat /proc/net/softnet_stat',
  ),
  XDP: at('before', 'an XDP program refused it', 'find out which program it is', 'ip -d link'),
  TC_INGRESS: at(
    'before',
    'a traffic control filter refused it at ingress',
    'check the filters of that interface',
    'tc filter show dev DEVICE ingress',
  ),
  UNHANDLED_PROTO: at('before', 'this host does not support its frame type'),
  TC_CHAIN_NOTFOUND: {
    text: 'a traffic control filter sends it to a chain that does not exist',
    check: 'check the filters',
  },
  TC_RECLASSIFY_LOOP: { text: 'traffic control filters send it in a loop', check: 'check the filters' },
  TC_COOKIE_ERROR: {
    text: 'a traffic control filter could not store its result',
    check: 'check the filters',
  },
  MACVLAN_BROADCAST_BACKLOG: at('before', "the macvlan interface's broadcast queue is full"),
  IPVLAN_MULTICAST_BACKLOG: at('before', "the ipvlan interface's multicast queue is full"),
  SKB_BAD_GSO: at('out', 'its segmentation data is invalid'),
  SKB_UCOPY_FAULT: at('out', "the kernel could not copy its data from the program's memory"),
  SKB_GSO_SEG: at('out', 'the kernel could not split it into segments'),
  NOMEM: { text: 'no memory was left', check: 'check what uses the memory', look: ['free', '-m'] },
  PFMEMALLOC: {
    text: 'memory is almost used up, and the rest is reserved',
    check: 'check what uses the memory',
    look: ['free', '-m'],
  },
})

/** Functions that drop without a reason, and what that means there. The newest of them as Linux 6.18 has them. */
export const BY_FUNCTION: Readonly<Record<string, Meaning>> = wordTable({
  ip_error: at(
    'routing',
    'there is no route to its destination, the route is of type unreachable or prohibit, or forwarding is off',
  ),
  ip6_pkt_discard: at('routing', 'there is no route to its destination, or the route is of type unreachable'),
  ip6_pkt_prohibit: at('routing', 'the route to its destination is of type prohibit'),
  dst_discard_out: at('routing', 'the route to its destination is of type blackhole'),
  ip6_mc_input: at('routing', 'this host has not joined that multicast group on that interface'),
  ip_rcv_finish_core: at('routing', 'the input route lookup refused it'),
  ip_forward: at('routing', 'the kernel refused to forward it'),
  ip6_forward: at('routing', 'the kernel refused to forward it'),
  neigh_invalidate: MEANINGS.NEIGH_FAILED!,
  ndisc_error_report: MEANINGS.NEIGH_FAILED!,
  arp_error_report: MEANINGS.NEIGH_FAILED!,
})
