/** What the kernel decides by more than what was given: by chance, by time, by what no listing or capture shows. */
export const CHANCE: Readonly<Record<string, RegExp>> = {
  'a port or address that NAT draws': /the kernel has drawn/,
  'the order of base chains of several tables with one priority': /order in which they were registered/,
  'a checksum, which stands in ICMP where other protocols have a port': /in place of ports/,
  'when the kernel frees what a rule deleted from a full set': /whether the kernel has collected what rules deleted/,
  'when the kernel forgets a connection whose packet was dropped': /still counts is not known/,
}

export const isChance = (open: string): boolean => Object.values(CHANCE).some((reason) => reason.test(open))
