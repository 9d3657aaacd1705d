/** What stands above rules that `iptables -L` lists, and tells such a text from others. */

export const CHAIN =
  /^\s*Chain (\S+) \((?:policy (ACCEPT|DROP|QUEUE|RETURN)(?: (\d+[KMGT]?) packets, (\d+[KMGT]?) bytes)?|\d+ references|ERROR obtaining refs)\)\s*$/
export const HEADER =
  /^\s*(num\s+)?(pkts\s+bytes\s+)?target\s+prot\s+(?:opt\s+)?(?:in\s+out\s+)?source\s+destination\s*$/
/** The heading of one chain's rules without anything else. */
export const BARE_CHAIN = /^# table (\w+) chain (\S+)\s*$/

export function looksLikeIptablesList(head: string): boolean {
  const lines = head.slice(0, 65_536).split(/\r?\n/)
  return lines.some(
    (line, i) => (CHAIN.test(line) && HEADER.test(nextLine(lines, i))) || (i < 5 && BARE_CHAIN.test(line)),
  )
}

/** The one below, which may still be cut: then any beginning of it will do. */
const nextLine = (lines: readonly string[], i: number): string =>
  lines.slice(i + 1, i + 3).find((line) => line.trim() !== '') ?? ''
