/** A row: rules, and packets that are played on them one after the other. */
import type { Packet } from '../../../src/model/packet.ts'

export interface Row {
  /** As `nft -f` reads it. */
  rules: string
  /** In the words of `--packet`; what these have no words for stands beside it. */
  send: readonly (string | [words: string, more: Packet & Laid])[]
  /** Why the model cannot know what the kernel does with at least one of the packets. */
  open?: RegExp
  /** Shell commands in front of the rules; they undo what they did before. */
  setUp?: string
}

/** How the frame is laid out, where it is not as usual. */
export interface Laid {
  /** So many bytes of the IP packet are sent, and no more; its header says the same. */
  cut?: number
  /** The bytes behind the transport header. */
  payload?: string
  /** So many seconds are waited in front of it. */
  after?: number
}

/** One base chain. */
export const chain = (hook: string, rules: string, { family = 'inet', more = '', priority = '0' } = {}): string => `
table ${family} t {
${more}
chain c {
type filter hook ${hook} priority ${priority};
${rules}
}
}`

export const forward = (rules: string, more = ''): string => chain('forward', rules, { more })

/** A chain of nat, and one that says what came out of it. */
export const nat = (
  hook: 'prerouting' | 'postrouting' | 'output' | 'input',
  rules: string,
  more = '',
  family = 'inet',
) =>
  `
table ${family} n {
${more}
chain c {
type nat hook ${hook} priority ${hook === 'prerouting' || hook === 'output' ? '-100' : '100'};
${rules}
}
}`

/** From one network to the other. */
export const SYN = 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 syn'
export const SYN6 = 'in in0 tcp [2001:db8:1::2]:4000 > [2001:db8:2::2]:80 syn'
export const UDP = 'in in0 udp 10.0.1.2:4000 > 10.0.2.2:53'
export const UDP6 = 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::2]:53'
/** To this host. */
export const LOCAL = 'in in0 udp 10.0.1.2:4000 > 10.0.1.1:53'
export const LOCAL6 = 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:1::1]:53'
/** By this host. */
export const OWN = 'udp 10.0.2.1:4000 > 10.0.2.2:53'
export const OWN6 = 'udp [2001:db8:2::1]:4000 > [2001:db8:2::2]:53'
