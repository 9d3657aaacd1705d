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
/** Places that journeys lead to. */
const MOST_PLACES = 2 ** 20

/**
 * Where a journey is while it is told: each thing leads on to the next place, and those that are told the same come to the
 * same one. Most places have one way on, which is found without a map.
 */
class Place {
  thing: Thing | typeof NOTHING_YET = NOTHING_YET
  next: Place | undefined = undefined
  others: Map<Thing, Place> | undefined = undefined
  /** Of the journeys that are told to their end here. */
  kind: object | undefined = undefined
}

const NOTHING_YET = Symbol('nothing yet')

export class SimulatedClasses implements Outline {
  private classes = 0
  private places = 0
  private readonly worlds = new Map<World, PacketClasses>()
  /** Of what is told apart by which object it is. */
  private readonly numbers = new Map<object, number>()
  private readonly wordOf = memo(({ chain, table, kind, ruleNumber, verdict, ending, reported }: Line): string => {
    const where = `${this.numberOf(table)} ${this.numberOf(chain)} ${kind} ${ruleNumber}`
    return `${where} ${verdict} ${ending} ${reported}`
  })
  private packets: PacketClasses | undefined
  private readonly start = new Place()
  /** Undefined: there are too many. */
  private place: Place | undefined = this.start
  private listed: unknown
  private text = ''
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
    this.place = this.start
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
    const { place } = this
    if (place && !place.kind && this.classes < MOST_CLASSES) {
      place.kind = {}
      this.classes++
    }
    return place?.kind
  }

  line(line: Line): void {
    this.shared(this.wordOf(line))
  }

  field(key: keyof Packet, value: unknown): void {
    this.shared(key)
    const text = this.plain(value)
    this.shared(this.packets!.classOf(key, text))
    this.own(key, text)
  }

  change({ field, from, to, among }: Change): void {
    this.shared('changes')
    this.shared(field)
    this.own(field, from)
    this.own(field, to)
    this.own('among', this.plain(among?.[0]))
    this.own('among', this.plain(among?.[1]))
  }

  shared(thing: Thing): void {
    const { place } = this
    if (place)
      this.place = place.thing === thing ? place.next : (place.others?.get(thing) ?? this.newPlace(place, thing))
  }

  private newPlace(from: Place, thing: Thing): Place | undefined {
    if (this.classes >= MOST_CLASSES || this.places >= MOST_PLACES) return undefined
    this.places++
    const place = new Place()
    if (from.next) {
      from.others ??= new Map()
      from.others.set(thing, place)
    } else {
      from.thing = thing
      from.next = place
    }
    return place
  }

  /** Lists and quoted packets as text: they are compared, and never stand in a line so. Packet after packet has the same list. */
  private plain(value: unknown): Value {
    if (typeof value !== 'object') return value as Value
    if (value !== this.listed) {
      this.listed = value
      this.text = JSON.stringify(value)
    }
    return this.text
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

type Thing = string | number | boolean | undefined
