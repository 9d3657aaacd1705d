/** Every way to trace, each on a place whose rules ask for it. */
import type { PlaceOptions } from './place.ts'

const LEGACY = `
iptables-legacy -A INPUT -p udp --dport 9 -j DROP
ip6tables-legacy -A INPUT -p udp --dport 9 -j DROP`
const NFT = `
nft add table inet fw
nft 'add chain inet fw input { type filter hook input priority 0; policy accept; }'
nft add rule inet fw input udp dport 9 drop`

export interface Way extends PlaceOptions {
  name: string
  args: readonly string[]
}

export const WAYS: readonly Way[] = [
  { name: 'nft, by its socket', args: ['--backend', 'nft'], setup: NFT },
  { name: 'nft, by nft monitor', args: ['--backend', 'nft', '--programs'], setup: NFT },
  { name: 'legacy, marked by an nft table', args: ['--backend', 'legacy'], setup: LEGACY },
  { name: 'legacy, by tcpdump', args: ['--backend', 'legacy', '--programs'], setup: LEGACY },
  { name: 'legacy without nft', args: ['--backend', 'legacy'], setup: LEGACY, without: ['nft'] },
  {
    name: 'iptables-nft',
    args: ['--backend', 'xtables-nft', '--programs'],
    setup: 'iptables-nft -A INPUT -p udp --dport 9 -j DROP',
  },
  { name: 'LOG rules of iptables', args: ['--backend', 'legacy', '--log'], setup: LEGACY, without: ['nft'] },
  {
    name: 'the kernel log',
    args: ['--backend', 'kernel-log', 'host', '127.0.0.1'],
    setup: `${LEGACY}\necho nfnetlink_log >/proc/sys/net/netfilter/nf_log/10`,
  },
]
