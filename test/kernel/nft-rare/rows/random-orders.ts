/** The same, of what hangs on order, time or chance. */
import { chain, LOCAL, nat, type Row, SYN, UDP, UDP6 } from '../row.ts'

const pre = (rules: string, priority = '0') => chain('prerouting', rules, { priority })

export const RANDOM_ORDERS: Readonly<Record<string, Row>> = {
  'what hashes a mark that a chain of the same priority may have set before': {
    rules: `${chain('forward', 'meta mark set 5 counter comment "k"')}
table ip u { chain c { type filter hook forward priority 0; jhash meta mark mod 4 seed 0x35 1 counter drop comment "l"
}
}`,
    send: [UDP],
    open: /order in which they were registered/,
  },
  'what is rejected in front of routing, to an address of this host that a rule wrote': {
    rules: pre('ip saddr set 10.0.1.1 counter reject comment "k"\ncounter reject comment "l"', '300'),
    send: [UDP, UDP6, LOCAL, SYN],
  },
  'a TTL that a rule may have written': {
    rules: pre('limit rate over 1 bytes/day burst 40 bytes ip ttl set 1 comment "k"'),
    send: [UDP, UDP],
    open: /too few of its 41 bytes are left/,
  },
  'a TTL that is left, whether or not a rule has written it': {
    rules: pre('limit rate over 1 bytes/day burst 40 bytes ip ttl set 9 comment "k"'),
    send: [UDP, UDP],
    open: /too few of its 41 bytes are left/,
  },
  'a zone of the reply alone, where NAT takes an address of a range by its hash': {
    rules: `${pre('ct reply zone set 1 counter comment "k"', '-300')}
${nat('prerouting', 'counter dnat ip to 10.0.2.70-10.0.2.79 comment "n"', '', 'ip')}`,
    send: ['in in0 udp 10.0.1.77:80 > 10.0.2.77:4001', 'in in0 udp 10.0.1.3:80 > 10.0.2.77:4001'],
  },
}
