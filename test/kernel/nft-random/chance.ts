/** What the kernel decides by more than what was given: by chance, by time, by what no listing or capture shows. */
export const CHANCE: Readonly<Record<string, RegExp>> = {
  'a port or address that NAT draws': /the kernel picked/,
  'the order of base chains of several tables with one priority': /order in which they were registered/,
  'a checksum, which stands in ICMP where other protocols have a port':
    /the protocol has no ports|icmp(v6)? checksum is not known/,
  'how many packets came before the first, which is not listed': /depends on how many packets came before/,
  'how long ago a limit was used up': /more are allowed only after some time/,
  'whether this nft has made one comparison of two, which its listing does not show': /^(.*: )?nft before 1\.1\.0/,
  'when the packet comes': /depends on when the packet came/,
  'the CPU that handles the packet': /the CPU that handles the packet/,
  'the program that sent it': /the sending process is not known/,
  'whether connection tracking takes an expectation': /whether conntrack accepts the expectation/,
  'which sockets are open': /the sockets open at that moment/,
  'what a rule draws': /is random/,
  'a fragment, with which connection tracking or this host waits': /waits for the whole packet|reassembles fragments/,
  'bytes of a later fragment in place of a header': /a later fragment does not contain that header/,
  'whether an element of a full set has expired': /whether an element has expired/,
  'what a packet of which not all is known has left in a set':
    /whether set \S+ still has room|the elements of set \S+ are not known/,
  'what a packet of which not all is known has used up': /an earlier packet with unknown fields may have used it up/,
  'which way leads back to many, of which kernels do not all say the same':
    /whether a route leads back to (broadcast|multicast|anycast) addresses/,
  'bits of a connection that no listing shows': /some of the connection's status bits have no name/,
  'when the kernel frees what a rule deleted from a full set': /whether the kernel had freed the deleted elements/,
  'the moment at which a packet comes to a count of connections once more':
    /whether a packet that traverses the rule twice counts twice/,
  'whether the kernel counts a connection that was assured before': /a connection that was assured before/,
  'what NAT to a prefix leaves in the status of a connection':
    /NAT to a prefix leaves the address|ct status is not known/,
  'when the kernel forgets a connection whose packet was dropped': /whether the kernel still counts this connection/,
}

export const isChance = (open: string): boolean => Object.values(CHANCE).some((reason) => reason.test(open))
