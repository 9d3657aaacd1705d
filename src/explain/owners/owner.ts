import type { Command } from '../../model/command.ts'
import type { Packet } from '../../model/packet.ts'

/** A program that writes rules of its own, how its work is recognised, and what to change instead of its rules. */
export interface Owner {
  /** As its users call it: `kube-proxy`, `docker`. Several rows may share a name where the advice differs. */
  name: string
  /** What to do instead of changing the rule: one imperative sentence. */
  instead: string
  /** What to do instead where it has no chain for the packet's interface, which stands for `DEVICE`. */
  unzoned?: string
  /** What to do instead where the packet's interface, `DEVICE`, has no zone, and the default one, `ZONE`, takes it. */
  byDefault?: string
  /** The same in a few words, behind "to keep it,": it stands below each command that the owner undoes. */
  lasting: string
  /** `lasting` of a new rule that leads to a zone's chain: `chains` finds the zone, which stands for `ZONE`. */
  joins?: { chains: RegExp; lasting: string }
  /** The command of its own that lets such a packet pass; undefined: it has none for that. */
  allows?: (packet: Packet) => Command | undefined
  /** Its chains hold what its users allow, and nothing else: where one has no rules, that is shown by `list` and loaded anew by `reload`. */
  holdsAllowed?: { list: Command; reload: Command }
  /** Its rules are there only for a while, and it takes them away itself: what is left of them nobody writes back. */
  passing?: true
  /** `instead` lets services in: that is no help to a packet that is dropped for its connection's state. */
  opens?: true
  /** Finds in a chain's name what stands for `ZONE` in `instead` and `lasting`, and by `egress` for `EGRESS`. */
  zoned?: RegExp
  /** Whether one deleted rule comes back although nobody changes, reloads or restarts anything but the rule. */
  rewrites: boolean
  /** When it comes back; completes "it is written back …". */
  when: string
  marks: readonly Mark[]
}

/** Who owns what a fix changes, or what stands beside it; the chain names the zone. */
export interface Owned {
  owner: Owner
  chain?: string
}

/** One way to recognise an owner's work: what is given besides `tables` and `beside` are alternatives. */
export interface Mark {
  /** Only in these tables, as `family name`: `ip nat`, `inet fw4`. Absent: in any. */
  tables?: RegExp
  /** Only in a table that has all of these chains: what makes a common name (`reject`) telling. */
  beside?: readonly string[]
  /** Nobody else writes into these tables: every rule in them is the owner's. */
  whole?: true
  /** Chains of its own: the rules in them, and the rules that jump there. */
  chains?: RegExp
  /** Others put rules there as well, so what the rule itself shows goes before the chain's name. */
  shared?: true
  /** Chains it makes for the administrator: the jump is the owner's, the rules in them are not. */
  jumps?: RegExp
  /** Comments of its rules. */
  comments?: RegExp
  /** Sets that it fills: ipsets, or, where tables are given, those of nft's tables. */
  sets?: RegExp
  /** Rules it writes into chains that are not its own: `CHAIN MATCHES -j TARGET`, without comments and counters. */
  rules?: RegExp
}
