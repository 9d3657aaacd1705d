/**
 * What the kernel's drop reasons mean, in a sentence each (include/net/dropreason-core.h, Linux 6.18, and where the kernel
 * gives them). Reasons that are not here are newer, or a driver's own.
 */

/**
 * Where on its way a packet was: in netfilter; in routing, between hooks; on this host, behind INPUT; on its way out,
 * behind POSTROUTING; or before the first hook.
 */
export type Stage = 'netfilter' | 'routing' | 'here' | 'out' | 'before'

export interface Meaning {
  /** Absent: anywhere. */
  stage?: Stage
  /** Goes on behind "The kernel dropped it (REASON): ". */
  text: string
  /** What to look at. */
  check?: string
  command?: string
  /** The packet has done what it came for, or nothing is lost with it. */
  harmless?: boolean
}

const at = (stage: Stage, text: string, check?: string, command?: string): Meaning => ({
  stage,
  text,
  ...(check === undefined ? {} : { check }),
  ...(command === undefined ? {} : { command }),
})
const harmless = (text: string): Meaning => ({ stage: 'here', text, harmless: true })

const CAPACITY = 'the program reads too slowly, or its buffer is too small (SO_RCVBUF, net.core.rmem_max)'
const SIGNED = 'both ends need the same keys, or none'
const FRAGMENTS = 'see who sends so large packets, and whether a router on the way drops some of their parts'
const CHECKSUM = 'something on the way changes packets; where captures show wrong sums, offloading may be it'

export const MEANINGS: Readonly<Record<string, Meaning>> = {
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
  IP_INHDR: at('routing', 'something is wrong with its IP header, or its time to live is used up'),
  IPV6_BAD_EXTHDR: at('routing', 'one of its IPv6 extension headers is wrong'),
  IP_CSUM: at('before', 'the checksum of its IP header is wrong', CHECKSUM),
  PKT_TOO_SMALL: { text: 'it is shorter than its headers say', check: 'see what it looks like where it is sent' },
  HDR_TRUNC: { text: 'a header is not there whole', check: 'see what it looks like where it is sent' },
  OTHERHOST: at('before', 'its frame was for another host: the interface takes what is not for it (promiscuous)'),
  DUP_FRAG: at('routing', 'it is a part of a packet that was there already', FRAGMENTS),
  FRAG_REASM_TIMEOUT: at('routing', 'the other parts of the packet that it is of did not come in time', FRAGMENTS),
  FRAG_TOO_FAR: at('routing', 'too many other packets came between the parts of its own', FRAGMENTS),

  NO_SOCKET: at('here', 'no program has a socket that takes it'),
  IP_NOPROTO: at('here', 'nothing on this host speaks its protocol'),
  SOCKET_FILTER: at(
    'here',
    "the filter on the program's socket refused it",
    'look at the filter that the program sets',
  ),
  SOCKET_RCVBUFF: at('here', "the receive buffer of the program's socket is full", CAPACITY, 'ss -nmu'),
  SOCKET_BACKLOG: at('here', 'more came for the socket than it could take while it was busy', CAPACITY, 'ss -ntm'),
  SOCKET_CLOSE: harmless('the socket was closed before the program read it'),
  QUEUE_PURGE: harmless('the queue that it waited in was emptied, as when a socket is closed'),
  PROTO_MEM: at(
    'here',
    'all sockets of its protocol together have used up their memory',
    'see net.ipv4.udp_mem and tcp_mem',
  ),
  XFRM_POLICY: at('here', 'IPsec policy does not let it pass', 'compare it with the policies', 'ip xfrm policy'),
  SECURITY_HOOK: at('here', 'a security module refused it', 'see what SELinux, AppArmor or an LSM program logs'),
  TCP_CSUM: at('here', 'its TCP checksum is wrong', CHECKSUM),
  UDP_CSUM: at('here', 'its UDP checksum is wrong', CHECKSUM),
  ICMP_CSUM: at('here', 'its ICMP checksum is wrong', CHECKSUM),
  SKB_CSUM: { text: 'its checksum could not be made', check: CHECKSUM },
  INVALID_PROTO: at('here', 'it is a message that no host may answer, as a broadcast question for the time'),
  TCP_MINTTL: at(
    'here',
    'its time to live is below what the program asks for (IP_MINTTL)',
    'see how far the sender is',
  ),
  TCP_AUTH_HDR: at('here', 'its TCP signatures are set wrong or twice', SIGNED),
  TCP_MD5NOTFOUND: at('here', 'it has no TCP MD5 signature, and the socket asks for one', SIGNED),
  TCP_MD5UNEXPECTED: at('here', 'it has a TCP MD5 signature, and the socket has no key for it', SIGNED),
  TCP_MD5FAILURE: at('here', 'its TCP MD5 signature is wrong', SIGNED),
  TCP_AONOTFOUND: at('here', 'it has no TCP-AO signature, and the socket asks for one', SIGNED),
  TCP_AOUNEXPECTED: at('here', 'it has a TCP-AO signature, and the socket has no key for it', SIGNED),
  TCP_AOKEYNOTFOUND: at('here', 'it has a TCP-AO signature of a key that is not known here', SIGNED),
  TCP_AOFAILURE: at('here', 'its TCP-AO signature is wrong', SIGNED),
  TCP_LISTEN_OVERFLOW: at(
    'here',
    'the queue of connections that wait to be accepted is full',
    'the program accepts too slowly, or its backlog is too short (net.core.somaxconn)',
    'ss -lnt',
  ),
  TCP_FLAGS: at('here', 'its TCP flags mean nothing in the state that the connection is in'),
  TCP_ABORT_ON_DATA: at('here', 'the program had closed the connection, and more data came: the sender gets a reset'),
  TCP_ZEROWINDOW: at('here', 'the receiver has no room left and had said so (window 0)', CAPACITY, 'ss -ntm'),
  TCP_OVERWINDOW: at('here', 'its data lies behind the window that the receiver has given'),
  TCP_OLD_DATA: harmless('its data had come before'),
  TCP_OLD_SEQUENCE: harmless('it is of data that had come before'),
  TCP_OFOMERGE: harmless('its data was kept already, with others that came too early'),
  TCP_OFO_DROP: harmless('its data had come before'),
  TCP_OFO_QUEUE_PRUNE: at('here', 'there was no room for data that came too early', CAPACITY, 'ss -ntm'),
  TCP_RFC7323_PAWS: at(
    'here',
    'its TCP timestamp is older than one that came before (PAWS)',
    'see whether several hosts behind one NAT address share the connection',
  ),
  TCP_RFC7323_PAWS_ACK: harmless(
    'it is an acknowledgement with an old timestamp, as those that overtook each other are',
  ),
  TCP_RFC7323_TW_PAWS: at('here', 'its TCP timestamp is older than the last of the connection that was there before'),
  TCP_RFC7323_TSECR: at('here', 'it echoes a TCP timestamp that was never sent'),
  TCP_INVALID_SEQUENCE: at('here', 'its sequence number does not belong to the connection'),
  TCP_INVALID_END_SEQUENCE: at('here', 'its data ends behind what the receiver would take'),
  TCP_INVALID_ACK_SEQUENCE: at('here', 'it acknowledges what does not belong to the connection'),
  TCP_INVALID_SYN: at('here', 'it is a SYN, and the connection stands already'),
  TCP_ACK_UNSENT_DATA: at('here', 'it acknowledges data that was never sent'),
  TCP_OLD_ACK: harmless('it acknowledges what was acknowledged before'),
  TCP_TOO_OLD_ACK: at('here', 'it acknowledges what was acknowledged long ago'),
  TCP_RESET: harmless('it is a reset, and has done its work'),
  TCP_CLOSE: harmless('the connection was closed by then'),
  TCP_FASTOPEN: harmless('it came to a connection that TCP Fast Open is still opening'),
  IPV6DISABLED: at('routing', 'IPv6 is disabled on that interface', 'see net.ipv6.conf.*.disable_ipv6'),
  IPV6_NDISC_FRAG: at('here', 'neighbour discovery must not come in parts'),
  IPV6_NDISC_HOP_LIMIT: at('here', 'neighbour discovery came from behind a router (its hop limit is not 255)'),
  IPV6_NDISC_BAD_CODE: at('here', 'it is neighbour discovery with a code that there is not'),
  IPV6_NDISC_BAD_OPTIONS: at('here', 'it is neighbour discovery with options that are wrong'),
  IPV6_NDISC_NS_OTHERHOST: harmless('it asks for the neighbour that another host is'),

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
  NO_TX_TARGET: at('out', 'the bridge had no port to send it out of', 'see its ports and what they know', 'bridge fdb'),
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
  SKB_GSO_SEG: at('out', 'it could not be cut into segments'),
  NOMEM: { text: 'there was no memory left', check: 'see what takes it', command: 'free -m' },
  PFMEMALLOC: {
    text: 'memory is short, and what is left is kept for others',
    check: 'see what takes it',
    command: 'free -m',
  },
}

/** Functions that drop without a reason, and what that means there. The newest of them as Linux 6.18 has them. */
export const BY_FUNCTION: Readonly<Record<string, Meaning>> = {
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
}
