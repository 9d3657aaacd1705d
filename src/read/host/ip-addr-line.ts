/** How `ip addr` begins an interface. */

/** `2: eth0@if5: <BROADCAST,UP> mtu 1500 …`; what follows `@` is the other end, not part of the name. */
export const LINK = /^(\d{1,10}): ([^\s@:]+(?::[^\s@:]+)*)(?:@[^\s:]+)?: <([^>]*)> (.*)$/
/** `ip -o addr` repeats the interface before each address. */
export const ONELINE = /^(\d{1,10}): (\S+) +(inet6? .*)$/
