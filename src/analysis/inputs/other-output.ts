/** Outputs that people give and nfwhy does not read: what each is, and which command shows the same to nfwhy. */

const OTHERS: readonly { looks: RegExp; is: string }[] = [
  {
    looks: /^\s*(?:\[\d[\d.]{0,20}\s*\]\s*)?\[(?:NEW|UPDATE|DESTROY)\]\s+[a-z]\w*\s+\d+\s/m,
    is: 'of conntrack -E: events, not the table. nfwhy reads conntrack -L',
  },
  {
    looks: /^\s{1,8}(?:icmp-block-inversion|rich rules|forward-ports):/m,
    is: 'of firewall-cmd: the settings of firewalld, not its rules. nfwhy reads nft -a list ruleset and iptables-save',
  },
  {
    looks: /^To\s{2,}Action\s{2,}From\s*$/m,
    is: 'of ufw status: the settings of ufw, not its rules. nfwhy reads iptables-save and ip6tables-save',
  },
  {
    looks: /^\s*(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{6} (?:\S{1,20} {1,8}(?:In|Out|M|B|P) {1,4})?(?:IP6?|ARP)\b/m,
    is: 'of tcpdump, which sees no rule. nfwhy reads the kernel log with TRACE lines and nft monitor trace',
  },
  { looks: /^Kernel IP(?:v6)? routing table/m, is: 'of route or netstat -r. nfwhy reads ip route show table all' },
  { looks: /^Active (?:Internet|UNIX) /m, is: 'of netstat. nfwhy reads ss -lntup' },
  { looks: /\bLink encap:|^\S{1,16}: flags=\d+<[A-Z,]*>/m, is: 'of ifconfig. nfwhy reads ip addr' },
]

/** To stand behind "these lines are"; undefined where it is none of them. */
export const otherOutput = (text: string): string | undefined => OTHERS.find(({ looks }) => looks.test(text))?.is
