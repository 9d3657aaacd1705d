/** Of rules that trace: where they stand, and what they match. */
import { type Case, NFT, QUIET, TRACE4, until } from './setups.ts'

export const RULE_CASES: readonly Case[] = [
  {
    cause: 'trace-unreached',
    code: 'trace-unreached',
    severity: 'error',
    setup: 'nft add table inet t; nft add chain inet t lost; nft add rule inet t lost meta nftrace set 1',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind',
    severity: 'error',
    setup:
      'iptables-legacy -t raw -A PREROUTING -j ACCEPT; iptables-legacy -t raw -A PREROUTING -p tcp --dport 80 -j TRACE',
    command:
      'iptables-legacy -w -t raw -D PREROUTING -p tcp -m tcp --dport 80 -j TRACE && ' +
      'iptables-legacy -w -t raw -I PREROUTING 1 -p tcp -m tcp --dport 80 -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind',
    severity: 'error',
    setup:
      'iptables-nft -t raw -A PREROUTING -p tcp -m multiport --dports 80,443 -j ACCEPT; ' +
      'iptables-nft -t raw -A PREROUTING -p tcp --dport 443 -j TRACE',
    filter: 'tcp dst port 443',
    command:
      'iptables-nft -w -t raw -D PREROUTING -p tcp -m tcp --dport 443 -j TRACE && ' +
      'iptables-nft -w -t raw -I PREROUTING 1 -p tcp -m tcp --dport 443 -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind',
    severity: 'error',
    setup:
      'iptables-legacy -t raw -N all; iptables-legacy -t raw -A all -j ACCEPT; iptables-legacy -t raw -A OUTPUT -j all; ' +
      'iptables-legacy -t raw -A OUTPUT -p tcp --dport 80 -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind',
    severity: 'error',
    setup: `${NFT('tcp dport 1-1000 accept')}; nft add rule inet t c tcp dport 80 meta nftrace set 1`,
    filter: 'tcp dst port 80',
  },
  {
    cause: 'trace-family',
    code: 'trace-family',
    severity: 'error',
    setup: TRACE4,
    filter: 'ip6 and tcp dst port 80',
    command: 'ip6tables-legacy -w -t raw -I PREROUTING 1 -p tcp -m tcp --dport 80 -m limit --limit 10/second -j TRACE',
  },
  {
    cause: 'trace-hook',
    code: 'trace-hook-output',
    severity: 'error',
    setup: `ip addr add 192.0.2.1/24 dev lo; ${TRACE4}`,
    filter: 'src host 192.0.2.1 and tcp dst port 80',
    command: 'iptables-legacy -w -t raw -I OUTPUT 1 -p tcp -m tcp --dport 80 -m limit --limit 10/second -j TRACE',
  },
  {
    cause: 'trace-hook',
    code: 'trace-hook-output',
    severity: 'note',
    setup: 'iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE',
    filter: 'tcp dst port 80',
    command: 'iptables-nft -w -t raw -I OUTPUT 1 -p tcp -m tcp --dport 80 -m limit --limit 10/second -j TRACE',
  },
  {
    cause: 'trace-hook',
    code: 'trace-hook-output',
    severity: 'note',
    setup: NFT('tcp dport 80 meta nftrace set 1'),
    command:
      "nft add chain inet t trace-output '{ type filter hook output priority -350; }' && " +
      "nft add rule inet t trace-output 'tcp dport 80 meta nftrace set 1'",
  },
  {
    cause: 'trace-family',
    code: 'trace-family',
    severity: 'note',
    setup:
      'iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE; ip link add v0 type veth peer name v1; ' +
      `ip link set v0 up; ip link set v1 up; ${until("ip -o addr show dev v0 | grep -q 'inet6 fe80'")}`,
    filter: 'tcp dst port 80',
    command: 'ip6tables-nft -w -t raw -I PREROUTING 1 -p tcp -m tcp --dport 80 -m limit --limit 10/second -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind',
    severity: 'error',
    setup:
      'iptables-nft -t raw -A PREROUTING -p tcp -m multiport --dports 80,443 -j ACCEPT; ' +
      'iptables-nft -t raw -A PREROUTING -p tcp --dport 443 -j TRACE',
    command:
      'iptables-nft -w -t raw -D PREROUTING -p tcp -m tcp --dport 443 -j TRACE && ' +
      'iptables-nft -w -t raw -I PREROUTING 1 -p tcp -m tcp --dport 443 -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind-some',
    severity: 'note',
    setup:
      'iptables-legacy -t raw -A PREROUTING -p tcp --dport 22 -j ACCEPT; iptables-legacy -t raw -A PREROUTING -p tcp -j TRACE',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind-some',
    severity: 'warning',
    setup: `${TRACE4}; iptables-legacy -t raw -I PREROUTING -s 192.0.2.0/24 -j ACCEPT`,
    filter: 'tcp dst port 80',
  },
  {
    cause: 'trace-behind',
    code: 'trace-behind-some',
    severity: 'note',
    setup: `${TRACE4}; iptables-legacy -t raw -I PREROUTING -m limit --limit 1/second -j ACCEPT`,
    filter: 'tcp dst port 80',
  },
  {
    cause: 'trace-hook',
    code: 'trace-hook-prerouting',
    severity: 'error',
    setup: `ip link add v0 type veth peer name v1; ${NFT('tcp dport 80 meta nftrace set 1', 'output')}`,
    filter: 'in v0 and tcp dst port 80',
  },
  {
    cause: 'trace-other',
    code: 'trace-other',
    severity: 'error',
    setup: TRACE4,
    filter: 'tcp dst port 81',
    command: "nfwhy trace 'tcp dst port 81'",
  },
  {
    cause: 'trace-late',
    code: 'trace-late',
    severity: 'note',
    setup: `${NFT('tcp dport 80 meta nftrace set 1', 'prerouting', 0)}; nft 'add chain inet t early { type filter hook prerouting priority -300; }'; nft add rule inet t early tcp dport 80 counter`,
  },
  {
    cause: 'trace-cut',
    code: 'trace-cut',
    severity: 'note',
    setup: `${TRACE4}; unshare --net sleep 300 ${QUIET}\nP=$!; sleep 0.3; ip link add v0 type veth peer name v1 netns $P`,
  },
]
