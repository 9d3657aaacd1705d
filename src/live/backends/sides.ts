/** What the facts tell of the kernel's two packet filters and of its loggers. */
import { type Facts, legacyTables } from '../survey/facts.ts'

/** Which of the two has tables; one of a session of ours does not count, nor one of iptables-legacy that decides nothing. */
export function sidesOf(facts: Facts): { nft: boolean; legacy: boolean } {
  return {
    nft: (facts.nftTables ?? []).some((name) => !/ nfwhy-\d+$/.test(name)),
    legacy: (['ip', 'ip6'] as const).some((family) =>
      legacyTables(facts, family)?.some((table) => !facts.idleLegacyTables.has(`${family} ${table}`)),
    ),
  }
}

/** Names of the loggers that can be chosen for IPv4; undefined where that cannot be read. */
export function loggersOf({ files }: Facts): string[] | undefined {
  // ` 2 nf_log_ipv4 (nf_log_ipv4,nfnetlink_log)`
  const line = files.get('/proc/net/netfilter/nf_log')?.find((one) => /^\s*2 /.test(one))
  return line === undefined ? undefined : (/\(([^)]*)\)/.exec(line)?.[1]?.split(',') ?? [])
}

/** The netlink port of whoever reads an NFLOG group (/proc/net/netfilter/nfnetlink_log, its first two columns). */
export function holderOfGroup({ files }: Facts, group: number): string | undefined {
  for (const line of files.get('/proc/net/netfilter/nfnetlink_log') ?? []) {
    const [number, port] = line.trim().split(/\s+/)
    if (Number(number) === group) return port
  }
  return undefined
}
