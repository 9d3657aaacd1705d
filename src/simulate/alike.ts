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
/** Places that journeys lead to, and things that tell them apart: a place and a thing are one number below 2 ** 53. */
const MOST_PLACES = 2 ** 20
const MOST_THINGS = 2 ** 24
const NOWHERE = -1

export class SimulatedClasses implements Outline {
  /** By the place where everything of a journey was told. */
  private readonly classes = new Map<number, object>()
  private readonly worlds = new Map<World, PacketClasses>()
  /** Of what is told apart by which object it is. */
  private readonly numbers = new Map<object, number>()
  private readonly things = new Map<Thing, number>()
  /** Each thing leads from one place to the next: those that are told the same come to the same place, and no text is made of it. */
  private readonly next = new Map<number, number>()
  private readonly wordOf = memo(({ chain, table, kind, ruleNumber, verdict, ending, reported }: Line): string => {
    const where = `${this.numberOf(table)} ${this.numberOf(chain)} ${kind} ${ruleNumber}`
    return `${where} ${verdict} ${ending} ${reported}`
  })
  private packets: PacketClasses | undefined
  private place = 0
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
    this.place = 0
    this.names.length = this.values.length = 0
    this.shared(this.numberOf(world))
    this.own('id', simulated.id)
    const { ended, skb } = simulated
    this.shared(ended.outcome)
    this.shared(ended.basis)
    this.shared(ended.step)
    this.shared(ended.because)
    this.shared(skb.family)
    this.shared(skb.routedAfter)
    if (ended.open) this.shared(JSON.stringify(ended.open))
    const { missing } = ended
    if (missing) this.shared(`${this.numberOf(missing.chain)} ${missing.hook} ${missing.priority}`)
    for (const key of KEYS) {
      const value = skb.packet[key]
      if (value !== undefined) this.field(key, value)
    }
    this.shared('given')
    for (const key in skb.given) this.field(key as keyof Packet, skb.given[key as keyof Packet])
    skb.journal.outline(this)
    const known = this.classes.get(this.place)
    if (known || this.place === NOWHERE || this.classes.size >= MOST_CLASSES) return known
    const made = {}
    this.classes.set(this.place, made)
    return made
  }

  line(line: Line): void {
    this.shared(this.wordOf(line))
  }

  field(key: keyof Packet, value: unknown): void {
    this.shared(key)
    this.shared(this.packets!.classOf(key, value))
    this.own(key, plain(value))
  }

  change({ field, from, to, among }: Change): void {
    this.shared(`changes ${field}`)
    this.own(field, from)
    this.own(field, to)
    this.own('among', plain(among?.[0]))
    this.own('among', plain(among?.[1]))
  }

  shared(thing: Thing): void {
    if (this.place === NOWHERE) return
    const number = this.things.get(thing) ?? this.newThing(thing)
    const way = this.place * MOST_THINGS + number
    this.place = this.next.get(way) ?? this.newPlace(way)
  }

  private newThing(thing: Thing): number {
    const number = this.things.size
    if (this.isOpen) this.things.set(thing, number)
    return number
  }

  private newPlace(way: number): number {
    if (!this.isOpen) return NOWHERE
    const place = this.next.size + 1
    this.next.set(way, place)
    return place
  }

  /** May there be more classes? */
  private get isOpen(): boolean {
    return this.classes.size < MOST_CLASSES && this.next.size < MOST_PLACES && this.things.size < MOST_THINGS
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

type Thing = string | number | undefined

/** Lists and quoted packets as text: they are compared, and never stand in a line so. */
const plain = (value: unknown): Value => (typeof value === 'object' ? JSON.stringify(value) : (value as Value))
