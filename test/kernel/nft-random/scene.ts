/** What is drawn so far of the table that a rule is drawn for. */
import type { Random } from '../generate/random.ts'
import type { Part } from './case.ts'
import { FIELDS, type Field } from './fields.ts'

const TRANSPORT = /^(tcp|udp|th|icmp|icmpv6) /

export class Scene {
  readonly random: Random
  readonly family: string
  readonly hook: string
  /** Of the base chain, or of the one that leads to it. */
  readonly type: string
  readonly priority: number
  readonly named: Part[]
  /** Of the rule that is drawn. */
  version: 'ip' | 'ip6' = 'ip'
  transport = 'tcp'
  /** That it may jump to. */
  readonly chains: readonly string[]

  constructor(
    random: Random,
    { family, hook, type, priority }: { family: string; hook: string; type: string; priority: number },
    named: Part[],
    chains: readonly string[],
  ) {
    this.random = random
    this.family = family
    this.hook = hook
    this.type = type
    this.priority = priority
    this.named = named
    this.chains = chains
  }

  /** Its name. */
  define(words: readonly string[], letter: string, text: (name: string) => string): string {
    const name = `${letter}${this.named.length}`
    this.named.push({ words, text: text(name) })
    return name
  }

  /** nft refuses a rule that asks for two versions of IP, or for two transport protocols. */
  startRule(): void {
    this.version = this.family === 'ip' || this.family === 'ip6' ? this.family : this.random.chance(0.6) ? 'ip' : 'ip6'
    this.transport = this.random.weighted([
      [4, 'tcp'],
      [4, 'udp'],
      [2, 'th'],
      [2, this.version === 'ip' ? 'icmp' : 'icmpv6'],
    ])
  }

  get fields(): readonly Field[] {
    return FIELDS.filter(
      ({ word, family, families, hooks }) =>
        (family === undefined || family === this.version) &&
        (families === undefined || families.includes(this.family)) &&
        (hooks === undefined || hooks.includes(this.hook)) &&
        (!TRANSPORT.test(word) || word.startsWith(`${this.transport} `)),
    )
  }

  field(test: (field: Field) => boolean = () => true): Field {
    return this.random.pick(this.fields.filter(test))
  }

  /** One that asks for the same kind of packet as often as not. */
  get isTracked(): boolean {
    return !['ingress', 'egress'].includes(this.hook) && ['ip', 'ip6', 'inet'].includes(this.family)
  }
}
