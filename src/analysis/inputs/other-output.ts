/** Outputs that people give and nfwhy does not read: what each is, and which command shows the same to nfwhy. */

import { command, printCommand } from '../../model/command.ts'
import { looksLikeDiff } from '../../read/diff.ts'
import { hasTcpdump } from '../../read/pasted/tcpdump.ts'
import { packetOfTcpdump, type SeenPacket } from './seen-by-tcpdump.ts'

const OTHERS: readonly { looks: { test(text: string): boolean }; is: string; packet?: typeof packetOfTcpdump }[] = [
  {
    looks: { test: looksLikeDiff },
    is: 'of diff, not a listing. Give nfwhy both listings: nfwhy compare BEFORE AFTER',
  },
  {
    looks:
      /^[ \t]{0,8}(?:\[\d[\d.]{0,20}[ \t]{0,4}\][ \t]{0,8})?\[(?:NEW|UPDATE|DESTROY)\][ \t]{1,4}(?:ipv[46][ \t]{1,8}\d{1,3}[ \t]{1,4})?[a-z]\w{0,10}[ \t]{1,8}\d{1,3}[ \t]/m,
    is: 'of conntrack -E: events, not the table. nfwhy reads conntrack -L',
  },
  {
    looks: /\bflow entr(?:y|ies) ha(?:s|ve) been deleted\b/,
    is: 'of conntrack -D: connections that are gone. nfwhy reads conntrack -L',
  },
  {
    looks: /^(?:type=|.{0,60}\baudit: type=)(?:NETFILTER_(?:CFG|PKT)|132[45])\b/m,
    is: 'of the audit system, which names no rules. nfwhy reads iptables-save, and the kernel log with LOG or TRACE lines',
  },
  {
    looks: /^Frame \d{1,8}: \d{1,8} bytes on wire|<pdml\b/m,
    is: 'of tshark -V or PDML, which does not show rules. nfwhy reads the pcap file itself if NFLOG wrote it',
  },
  {
    looks: /^[ \t]{1,8}(?:icmp-block-inversion|rich rules|forward-ports):/m,
    is: 'of firewall-cmd: the settings of firewalld, not its rules. nfwhy reads nft -a list ruleset and iptables-save',
  },
  {
    looks: /^To[ \t]{2,80}Action[ \t]{2,40}From[ \t]{0,8}\r?$/m,
    is: 'of ufw status: the settings of ufw, not its rules. nfwhy reads iptables-save and ip6tables-save',
  },
  {
    looks: { test: hasTcpdump },
    is: 'of tcpdump, which does not show rules. nfwhy reads the kernel log with TRACE lines and nft monitor trace',
    packet: packetOfTcpdump,
  },
  { looks: /^Kernel IP(?:v6)? routing table/m, is: 'of route or netstat -r. nfwhy reads ip route show table all' },
  { looks: /^Active (?:Internet|UNIX) /m, is: 'of netstat. nfwhy reads ss -lntup' },
  { looks: /\bLink encap:|^\S{1,16}: flags=\d{1,6}<[A-Z,]{0,200}>/m, is: 'of ifconfig. nfwhy reads ip addr' },
]

export interface OtherOutput {
  /** To stand behind "these lines are output". */
  is: string
  /** Behind that: the end of its sentence, and one that ends with a command. Empty where there is none to give. */
  instead: string
}

export const isOtherOutput = (text: string): boolean => OTHERS.some(({ looks }) => looks.test(text))

/** Undefined where the text is none of them. `redacted`: no words of the text are shown. */
export function otherOutput(text: string, redacted = false): OtherOutput | undefined {
  const other = OTHERS.find(({ looks }) => looks.test(text))
  const seen = redacted ? undefined : other?.packet?.(text)
  return other && { is: other.is, instead: seen ? insteadWords(seen) : '' }
}

function insteadWords({ packet, seenOn }: SeenPacket): string {
  const simulate = printCommand(command('nfwhy', 'simulate', 'RULES', '--packet', packet))
  const condition = seenOn === undefined ? '' : `, if it came in by ${seenOn}`
  return `. This shows what rules do with the first request there${condition}: ${simulate}`
}
