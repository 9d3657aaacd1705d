/** What a rule has said so far, while it is turned into conditions and statements. */
import type { Condition } from '../../../model/condition.ts'
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Statement } from '../../../model/statement.ts'
import type { Layers } from '../headers.ts'

export class Lowering {
  readonly family: RuleFamily
  readonly table: string
  readonly conditions: Condition[] = []
  readonly statements: Statement[] = []
  /** For each statement, how many conditions stand in front of it. */
  readonly order: number[] = []
  private network: string | undefined
  private transport: string | undefined
  private ether: number | undefined
  /** Which of ICMP's messages it is has been asked. */
  private icmp = false
  /** IPv6's extension headers that have been asked for. */
  private readonly headers = new Set<string>()

  constructor(family: RuleFamily, table: string) {
    this.family = family
    this.table = table
    if (family === 'ip') this.network = 'ipv4'
    if (family === 'ip6') this.network = 'ipv6'
    if (family === 'arp') this.ether = 0x0806
  }

  ask(...conditions: Condition[]): void {
    this.conditions.push(...conditions)
  }

  do(...statements: Statement[]): void {
    for (const statement of statements) {
      this.statements.push(statement)
      this.order.push(this.conditions.length)
    }
  }

  /**
   * What nft asks before it reads a header, unless the rule has said so (src/payload.c, payload_gen_dependency). In a
   * table of one IP version there is no other; in one of frames it asks for the frame's type.
   */
  need(given: Layers | undefined, text: string): void {
    const layers = given && (this.family === 'bridge' || this.family === 'netdev') ? inFrame(given) : given
    if (layers?.ether !== undefined && this.ether !== layers.ether) {
      this.ether = layers.ether
      this.ask({ kind: 'compare', field: 'meta protocol', op: '==', value: layers.ether, text })
    }
    if (layers?.network !== undefined && this.network !== layers.network) {
      this.network = layers.network
      this.ask({ kind: 'compare', field: 'meta nfproto', op: '==', value: layers.network, text })
    }
    if (layers?.transport !== undefined && this.transport !== layers.transport) {
      this.transport = layers.transport
      this.ask({ kind: 'compare', field: 'meta l4proto', op: '==', value: layers.transport, text })
    }
    if (layers?.exthdr !== undefined && !this.headers.has(layers.exthdr)) {
      this.headers.add(layers.exthdr)
      this.ask({ kind: 'compare', field: 'exthdr', op: '==', value: layers.exthdr, text })
    }
    if (layers?.icmp && !this.icmp) {
      this.icmp = true
      const field = layers.transport === 'icmp' ? 'icmp type' : 'icmpv6 type'
      const [only, ...others] = layers.icmp
      const value = others.length === 0 ? only! : { set: [...layers.icmp] }
      this.ask({ kind: 'compare', field, op: '==', value, text })
    }
  }

  /** The rule itself has asked for that. */
  said({ network, transport, ether, icmp }: Layers): void {
    if (icmp) this.icmp = true
    if (network !== undefined) this.network = network
    if (transport !== undefined) this.transport = transport
    if (ether !== undefined) this.ether = ether
  }

  tableRef(): { family: string; name: string } {
    return { family: this.family, name: this.table }
  }
}

const FRAME_TYPES = { ipv4: 0x0800, ipv6: 0x86dd } as const

const inFrame = ({ network, ...layers }: Layers): Layers =>
  network === undefined ? layers : { ...layers, ether: FRAME_TYPES[network] }
