/**
 * What hosts of one link tell each other of groups, routers and addresses: IGMP, MLD, neighbour discovery (RFC 3376, 3810,
 * 4861). Nobody answers it as a request is answered, and a host that has not joined the group puts it away.
 */
import type { Packet } from './packet.ts'

/** All routers, those that ask for MLD and IGMP reports, all snoopers; and who has which address. */
const GROUPS = /^(?:ff02::(?:2|16|6a|1:ff[\da-f]{2}:[\da-f]{1,4})|224\.0\.0\.(?:2|22|106))$/

export const isAnnouncement = ({ protocol, icmpType = 0, dst = '' }: Packet): boolean =>
  protocol === 'igmp' ||
  (protocol === 'icmpv6' && ((icmpType >= 130 && icmpType <= 137) || icmpType === 143)) ||
  GROUPS.test(dst)

/** UDP's ports of DHCP, NetBIOS, DHCPv6, SSDP, WS-Discovery, mDNS and LLMNR. */
const OF_LINK: ReadonlySet<number | undefined> = new Set([67, 68, 137, 138, 546, 547, 1900, 3702, 5353, 5355])

/** What hosts send by themselves to all of a link: nobody asks about it before all else. */
export const isBackground = (packet: Packet): boolean =>
  isAnnouncement(packet) || (packet.protocol === 'udp' && OF_LINK.has(packet.dport) && TO_MANY.test(packet.dst ?? ''))

/** A multicast group, or a broadcast address of a network of 24 bits or fewer. */
const TO_MANY = /^(?:ff|2(?:2[4-9]|3\d)\.|.*\.255$)/
