/**
 * What the kernel's drop reasons mean, in a sentence each (include/net/dropreason-core.h, up to what came behind Linux 6.18).
 * Reasons that are not here are newer, of what is no IP, or a driver's own.
 */

import { wordTable } from '../../model/word-table.ts'
import { CHECKSUM, HERE } from './reasons-here.ts'
import { at, type Meaning } from './stages.ts'

const FRAGMENTS = 'see who sends so large packets, and whether a router on the way drops some of their parts'

export const MEANINGS: Readonly<Record<string, Meaning>> = wordTable({
  ...HERE,

  NETFILTER_DROP: at(
    'netfilter',
    'netfilter did, by a rule that the capture does not show or by a hook of its own (connection tracking)',
  ),

  IP_RPFILTER: at('routing', 'the way back to its source leads over another interface (reverse path filter)'),
  IP_INNOROUTES: at('routing', 'there is no route to its destination'),
  IP_OUTNOROUTES: at('routing', 'no route to its destination was found when it was to be sent'),
  IP_INADDRERRORS: at('routing', 'its destination cannot be reached from here, as where forwarding is off'),
  IP_LOCAL_SOURCE: at('routing', "its source is this host's own address, and it came from outside"),
  IP_INVALID_SOURCE: at('routing', 'its source is no address that a host can have'),
  IP_INVALID_DEST: at('routing', 'its destination is no address that a host can have'),
  IP_LOCALNET: at('routing', 'its source or destination is of the loopback network, and it came from outside'),
  UNICAST_IN_L2_MULTICAST: at('routing', 'its frame was for all or for a group, and the packet in it for one'),
  PKT_TOO_BIG: at('routing', 'it is too long for the way out, and must not be cut'),
  IP_TTL_EXCEEDED: at('routing', 'its time to live is used up'),
  IP_INHDR: at('routing', 'something is wrong with its IP header, or its time to live is used up'),
  IPV6_BAD_EXTHDR: at('routing', 'one of its IPv6 extension headers is wrong'),
  IPV6_TOO_MANY_EXTHDRS: at('routing', 'it has too many IPv6 extension headers'),
  IP_CSUM: at('before', 'the checksum of its IP header is wrong', CHECKSUM),
  PKT_TOO_SMALL: { text: 'it is shorter than its headers say', check: 'see what it looks like where it is sent' },
  HDR_TRUNC: { text: 'a header is not there whole', check: 'see what it looks like where it is sent' },
  OTHERHOST: at('before', 'its frame was for another host: the interface takes what is not for it (promiscuous)'),
  DUP_FRAG: at('routing', 'it is a part of a packet that was there already', FRAGMENTS),
  FRAG_REASM_TIMEOUT: at('routing', 'the other parts of the packet that it is of did not come in time', FRAGMENTS),
  FRAG_TOO_FAR: at('routing', 'too many other packets came between the parts of its own', FRAGMENTS),

  NEIGH_FAILED: at(
    'out',
    'nobody answers for the next address on its way (ARP, neighbour discovery)',
    'see whether that host is up, on this link and with this address',
    'ip neigh show nud failed',
  ),
  NEIGH_CREATEFAIL: at(
    'out',
    'there is no room for another neighbour',
    'the table is full: see net.ipv4.neigh.default.gc_thresh3',
    'ip -s neigh',
  ),
  NEIGH_QUEUEFULL: at(
    'out',
    'too many packets wait for the next address on its way to be resolved',
    'see whether that host answers',
    'ip neigh',
  ),
  NEIGH_DEAD: at(
    'out',
    'the neighbour that it was to go to was just taken away',
    'see whether that link is stable',
    'ip monitor neigh',
  ),
  NEIGH_HH_FILLFAIL: at('out', 'its hardware header could not be made'),
  BPF_CGROUP_EGRESS: at(
    'out',
    "an eBPF program of the sender's cgroup refused it",
    'see which one that is',
    'bpftool cgroup tree',
  ),
  TC_EGRESS: at(
    'out',
    'a filter of traffic control refused it on its way out',
    'look at the filters of that interface',
    'tc filter show dev DEVICE egress',
  ),
  QDISC_DROP: at(
    'out',
    'the queue of the interface had no room for it',
    'see what is dropped there, and how much is sent',
    'tc -s qdisc',
  ),
  QDISC_BURST_DROP: at(
    'out',
    'too many packets came to the queue of the interface at once',
    'see net.core.qdisc_max_burst',
    'tc -s qdisc',
  ),
  QDISC_OVERLIMIT: at(
    'out',
    'the queue of the interface is full',
    'see what is dropped there, and how much is sent',
    'tc -s qdisc',
  ),
  QDISC_CONGESTED: at(
    'out',
    'the queue of the interface dropped it so that senders slow down',
    'see how much is sent',
    'tc -s qdisc',
  ),
  CAKE_FLOOD: at(
    'out',
    'the queue of the interface (cake) protects itself from a flood',
    'see how much is sent',
    'tc -s qdisc',
  ),
  FQ_BAND_LIMIT: at(
    'out',
    'the queue of the interface (fq) is full for packets of its priority',
    'see how much is sent',
    'tc -s qdisc',
  ),
  FQ_HORIZON_LIMIT: at(
    'out',
    'it is to be sent too far in the future (fq)',
    'see who sets times for sending',
    'tc -s qdisc',
  ),
  FQ_FLOW_LIMIT: at(
    'out',
    'its flow has too many packets in the queue of the interface (fq)',
    'see how much is sent',
    'tc -s qdisc',
  ),
  DUALPI2_STEP_DROP: at(
    'out',
    'the queue of the interface (dualpi2) dropped it so that senders slow down',
    'see how much is sent',
    'tc -s qdisc',
  ),
  DEV_READY: at('out', 'the interface is not ready: down, or nobody reads from it', 'see its state', 'ip -s link'),
  DEV_HDR: at('out', 'the header that the interface needs is wrong'),
  FULL_RING: at(
    'out',
    'the ring of the interface is full: whoever is behind it reads too slowly',
    'see what is dropped there',
    'ip -s link',
  ),
  TAP_FILTER: at('out', 'a filter on the tap interface refused it', 'see who is behind that interface'),
  TAP_TXFILTER: at('out', 'the filter of the tap interface refused it', 'see who is behind that interface'),
  NO_TX_TARGET: at('out', 'the interface knows nobody to send it to', 'see whom it knows', 'bridge fdb'),
  BRIDGE_INGRESS_STP_STATE: at(
    'before',
    'the port of the bridge does not forward yet (spanning tree)',
    'see its state',
    'bridge link',
  ),
  LOCAL_MAC: at(
    'before',
    "its frame has this interface's own address as sender",
    'see whether there is a loop, or an address twice',
    'ip -br link',
  ),
  MAC_INVALID_SOURCE: at('before', "its frame's sender is no address"),
  VXLAN_INVALID_HDR: at('here', 'its VXLAN header is wrong'),
  VXLAN_VNI_NOT_FOUND: at(
    'here',
    'there is no VXLAN interface with its number',
    'compare the numbers (VNI) of both ends',
    'ip -d link show type vxlan',
  ),
  VXLAN_NO_REMOTE: at('out', 'the VXLAN interface knows nobody to send it to', 'see whom it knows', 'bridge fdb'),
  VXLAN_ENTRY_EXISTS: at('here', 'its sender was to move in what the VXLAN interface knows, and is set there to stay'),
  GRE_INVALID_HDR: at('here', 'its GRE header is wrong'),
  GRE_CSUM: at('here', 'its GRE checksum is wrong', CHECKSUM),
  GRE_TUNNEL_NOT_FOUND: at(
    'here',
    'no GRE interface is for it',
    'compare addresses and keys of both ends',
    'ip -d tunnel',
  ),
  TNL_OPT_MISMATCH: at(
    'here',
    'its tunnel header has not the options that the interface has',
    'compare both ends',
    'ip -d link',
  ),
  TNL_OLD_SEQ: at('here', 'it came behind others of its tunnel that were sent later'),
  PSP_INPUT: at('here', 'its encryption (PSP) is not what the socket asks for'),
  PSP_OUTPUT: at('out', 'it was to be encrypted (PSP), and could not be'),
  IP_TUNNEL_ECN: at('here', 'congestion marks inside and outside of its tunnel contradict each other'),
  TUNNEL_TXINFO: at('out', 'the tunnel takes only packets that say where to', 'see who routes it there', 'ip route'),
  RECURSION_LIMIT: at(
    'out',
    'it went through too many interfaces one inside the other, as in a loop',
    'see which of them lead to each other',
    'ip -d link',
  ),
  CPU_BACKLOG: at(
    'before',
    'the queue of packets that a CPU has yet to look at is full',
    'see net.core.netdev_max_backlog',
    'cat /proc/net/softnet_stat',
  ),
  XDP: at('before', 'an XDP program refused it', 'see which one that is', 'ip -d link'),
  TC_INGRESS: at(
    'before',
    'a filter of traffic control refused it on its way in',
    'look at the filters of that interface',
    'tc filter show dev DEVICE ingress',
  ),
  UNHANDLED_PROTO: at('before', 'nothing on this host takes such frames'),
  TC_CHAIN_NOTFOUND: {
    text: 'a filter of traffic control sends it to a chain that there is not',
    check: 'look at the filters',
  },
  TC_RECLASSIFY_LOOP: { text: 'filters of traffic control send it round and round', check: 'look at the filters' },
  TC_COOKIE_ERROR: {
    text: 'a filter of traffic control could not keep what it found out',
    check: 'look at the filters',
  },
  MACVLAN_BROADCAST_BACKLOG: at('before', 'the queue of broadcasts of the macvlan interface is full'),
  IPVLAN_MULTICAST_BACKLOG: at('before', 'the queue of group packets of the ipvlan interface is full'),
  SKB_BAD_GSO: at('out', 'what it says of its segments is wrong'),
  SKB_UCOPY_FAULT: at('out', "its data could not be taken from the program's memory"),
  SKB_GSO_SEG: at('out', 'it could not be cut into segments'),
  NOMEM: { text: 'there was no memory left', check: 'see what takes it', look: ['free', '-m'] },
  PFMEMALLOC: {
    text: 'memory is short, and what is left is kept for others',
    check: 'see what takes it',
    look: ['free', '-m'],
  },
})

/** Functions that drop without a reason, and what that means there. The newest of them as Linux 6.18 has them. */
export const BY_FUNCTION: Readonly<Record<string, Meaning>> = wordTable({
  ip_error: at('routing', 'the route to its destination refuses it, or there is none'),
  ip6_pkt_discard: at('routing', 'the route to its destination refuses it, or there is none'),
  ip6_pkt_prohibit: at('routing', 'the route to its destination prohibits it'),
  dst_discard_out: at('routing', 'the route to its destination throws packets away (blackhole)'),
  ip6_mc_input: at('routing', 'nobody on this host has joined that group on that interface'),
  ip_rcv_finish_core: at('routing', 'routing refused it as it came in'),
  ip_forward: at('routing', 'it was not to be forwarded'),
  ip6_forward: at('routing', 'it was not to be forwarded'),
  neigh_invalidate: MEANINGS.NEIGH_FAILED!,
  ndisc_error_report: MEANINGS.NEIGH_FAILED!,
  arp_error_report: MEANINGS.NEIGH_FAILED!,
})
