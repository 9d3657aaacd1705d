/** Whether a text may be a ticket: several outputs in one text, with prompts, fences and prose around them. */

/** A Markdown fence, or the HTML that stands for one. */
const FENCE = /^[ \t>]{0,8}(?:`{3}|~{3})|<\/?pre>/m
/** A prompt, and a command behind it that nfwhy knows the output of. */
const PROMPTED =
  /^.{0,80}[#$%>][ \t]{0,4}(?:sudo )?(?:ip6?tables(?:-\w+)?|nft|ip|ss|conntrack|ipset|dmesg|journalctl|sysctl|xtables-monitor)\b/m
const WRAPPED = /^.{0,80}\b(?:nsenter|exec|ssh) .{0,100}\b(?:ip6?tables|nft|conntrack|ipset)\b/m
/** What single kinds of output begin with; two kinds in one text are two outputs. */
const KINDS: readonly RegExp[] = [
  /^(?:default|\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}) (?:via|dev) \S/m,
  /^\d{1,10}:\s{1,8}from \S/m,
  /^\d{1,6}: \S{1,40}: </m,
  /^(?:Netid\s{1,8})?State\s{1,12}Recv-Q\s/m,
  /^\s{0,8}Chain \S{1,40} \((?:policy|\d{1,6} references)/m,
  /^\*(?:filter|nat|mangle|raw|security)\s*$|^-A \S/m,
  /^\s{0,8}table (?:ip6?|inet|arp|bridge|netdev) \S{1,80} \{/m,
  /\btrace id [0-9a-f]{1,8} (?:ip6?|inet|arp|bridge|netdev) \S/,
  /\bTRACE: \S|\bIN=\S{0,40} OUT=/,
  /\bsrc=\S{1,40} dst=\S{1,40} (?:sport|type)=/,
  /^Name: \S{1,40}\r?\nType: \w/m,
]

/** `isKnown`: is the text, as a whole, something that nfwhy reads? */
export const mayBePasted = (head: string, isKnown: boolean): boolean =>
  !head.includes('\0') &&
  !head.startsWith('#!') &&
  (!isKnown ||
    FENCE.test(head) ||
    PROMPTED.test(head) ||
    WRAPPED.test(head) ||
    KINDS.filter((kind) => kind.test(head)).length > 1)
