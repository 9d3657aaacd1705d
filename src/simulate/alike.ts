/**
 * Simulated journeys that nothing on this machine could tell apart: the same lines, and packets that differ only in what
 * no rule, route, socket or address asks for. What is said of them differs in the packets' own values alone.
 */
import type { Change } from '../model/journey.ts'
import type { Member, Value } from '../model/member.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { Line } from '../rules/prepared-chain.ts'
import type { Outline } from './journal.ts'
import { PacketClasses } from './packet-classes.ts'
import { KEYS } from './packet-state.ts'
import type { Simulated } from './simulated.ts'

/** Classes told apart; what comes after has none. */
const MOST_CLASSES = 5000
/** Rules that change sets make a World of each packet; then classes cost more than they spare. */
const MOST_WORLDS = 8

export class SimulatedClasses implements Outline {
  private readonly classes = new Map<string, object>()
  private readonly worlds = new Map<World, PacketClasses>()
  /** Of what is told apart by which object it is. */
  private readonly numbers = new Map<object, number>()
  private readonly words = new Map<string, string>()
  /** Of each line a short word. */
  private readonly wordOf = memo(({ chain, table, kind, ruleNumber, verdict, ending, reported }: Line): string => {
    const where = `${this.numberOf(table)} ${this.numberOf(chain)} ${kind} ${ruleNumber}`
    const words = `${where} ${verdict} ${ending} ${reported}`
    const word = this.words.get(words) ?? `\n${this.words.size}`
    this.words.set(words, word)
    return word
  })
  private packets: PacketClasses | undefined
  private key = ''
  private readonly names: string[] = []
  private readonly values: Value[] = []

  /** The journey among others like it, in the rules of `world`; undefined where there are too many classes. */
  member(simulated: Simulated, world: World): Member | undefined {
    const kind = this.find(simulated, world)
    return kind && { kind, names: this.names, values: this.values }
  }

  private find(simulated: Simulated, world: World): object | undefined {
    this.packets = this.worlds.get(world)
    if (!this.packets) {
      if (this.worlds.size >= MOST_WORLDS) return undefined
      this.packets = new PacketClasses(world)
      this.worlds.set(world, this.packets)
    }
    this.key = `${this.numberOf(world)}`
    this.names.length = this.values.length = 0
    this.own('id', simulated.id)
    const { ended, skb } = simulated
    this.shared(`${ended.outcome} ${ended.basis} ${ended.step} ${ended.because} ${skb.family} ${skb.routedAfter}`)
    if (ended.open) this.shared(JSON.stringify(ended.open))
    const { missing } = ended
    if (missing) this.shared(`${this.numberOf(missing.chain)} ${missing.hook} ${missing.priority}`)
    for (const key of KEYS) {
      const value = skb.packet[key]
      if (value !== undefined) this.field(key, value)
    }
    for (const key in skb.given) this.field(key as keyof Packet, skb.given[key as keyof Packet])
    skb.journal.outline(this)
    const known = this.classes.get(this.key)
    if (known || this.classes.size >= MOST_CLASSES) return known
    const made = {}
    this.classes.set(this.key, made)
    return made
  }

  line(line: Line): void {
    this.key += this.wordOf(line)
  }

  field(key: keyof Packet, value: unknown): void {
    this.key += `\n${key} ${this.packets!.classOf(key, value)}`
    this.own(key, plain(value))
  }

  change({ field, from, to, among }: Change): void {
    this.shared(field)
    this.own(field, from)
    this.own(field, to)
    this.own('among', plain(among?.[0]))
    this.own('among', plain(among?.[1]))
  }

  shared(what: string | number): void {
    this.key += `\n${what}`
  }

  private own(name: string, value: Value): void {
    this.names.push(name)
    this.values.push(value)
  }

  private numberOf(one: object): number {
    let number = this.numbers.get(one)
    if (number === undefined) {
      number = this.numbers.size
      this.numbers.set(one, number)
    }
    return number
  }
}

/** Lists and quoted packets as text: they are compared, and never stand in a line so. */
const plain = (value: unknown): Value => (typeof value === 'object' ? JSON.stringify(value) : (value as Value))
