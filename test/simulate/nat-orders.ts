/** Chains that set a mark at NAT's priority, and chains of nat that read it: the model and the kernel are asked the same. */

const MARKS = `chain marks {
type filter hook output priority -100; policy accept;
tcp dport 81 meta mark set 1
}`
const READS = `chain reads {
type nat hook output priority -100; policy accept;
meta mark 1 tcp dport 81 counter redirect to :82
}`
const OTHER = `chain other {
type nat hook postrouting priority 100; policy accept;
}`
const at = (chain: string, priority: number) => chain.replace(/priority -?\d+/, `priority ${priority}`)
const table = (name: string, ...chains: string[]) => `table ${name} {\n${chains.join('\n')}\n}\n`

export interface NatOrder {
  what: string
  /** Loaded one after the other. */
  texts: readonly string[]
  /** Is the mark there when nat reads it? */
  marked: boolean
  /** The listing tells the order: else the model does not know it. */
  known: boolean
}

const order = (what: string, marked: boolean, known: boolean, ...texts: string[]): NatOrder => ({
  ...{ what, marked, known, texts },
})

export const NAT_ORDERS: readonly NatOrder[] = [
  order('one table, nat made later', false, true, table('ip a', MARKS, READS)),
  order('one table, nat made first', true, true, table('ip a', READS, MARKS)),
  order('one table, whose first chain of nat is at another hook', true, true, table('ip a', OTHER, MARKS, READS)),
  order('one table, nat with another priority', false, true, table('ip a', MARKS, at(READS, -150))),
  order('priorities that are not those of NAT', false, true, table('ip a', at(MARKS, -60), at(READS, -50))),
  order('a mark set earlier', true, true, table('ip a', at(MARKS, -101), READS)),
  order('two tables, nat made later', false, false, table('ip a', MARKS), table('ip b', READS)),
  order('two tables, nat made first', true, false, table('ip b', READS), table('ip a', MARKS)),
  order('a chain of nat in another table', true, false, table('inet b', OTHER), table('ip a', MARKS, READS)),
  order('nat of the other family in another table', false, true, table('ip6 b', OTHER), table('ip a', MARKS, READS)),
]
