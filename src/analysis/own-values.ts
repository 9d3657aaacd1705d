/** What a captured journey has of its own besides its class: all that the capture shows, and explanations are made of. */
import { timesOf } from '../journey/evidence.ts'
import type { OpenJourney } from '../journey/open.ts'
import type { Value } from '../model/member.ts'
import type { PacketStates } from '../read/captures/states.ts'

/** Of a step, and the state that it shares with an earlier one (from 1 on): names are compared faster where they are the same string. */
const places: string[][] = []

function placeName(step: number, known: number): string {
  const names = places[step] ?? []
  places[step] = names
  const name = names[known + 1] ?? `${step} ${known}`
  names[known + 1] = name
  return name
}

export class OwnValues {
  readonly names: string[] = []
  readonly values: Value[] = []
  /** The journey's states, each once. */
  private readonly states: number[] = []

  /** Takes another journey's, in place of the last one's. */
  take(open: OpenJourney, states: PacketStates, followed: boolean): void {
    this.names.length = this.values.length = this.states.length = 0
    // what is never a value in a line stands among the names
    this.own(`${open.family} ${followed} ${open.complete}`, undefined)
    this.own('id', String(open.id))
    this.own('trace', open.firstTraceId < 0 ? undefined : open.firstTraceId.toString(16).padStart(8, '0'))
    const { time, uptime } = timesOf(open)
    if (time) this.two('time', time)
    if (uptime) this.two('uptime', uptime)
    let last = -1
    for (let i = 0; i < open.states.length; i++) {
      const state = open.states.at(i)
      if (state === last) continue
      last = state
      const known = this.states.indexOf(state)
      this.own(placeName(i, known), undefined)
      if (known >= 0) continue
      this.states.push(state)
      const packet = states.packet(state)
      for (const key in packet) {
        const value: unknown = packet[key as keyof typeof packet]
        this.own(key, typeof value === 'object' ? JSON.stringify(value) : (value as Value))
      }
    }
  }

  private two(name: string, { first, last }: { first: Value; last: Value }): void {
    this.own(name, first)
    this.own(name, last)
  }

  private own(name: string, value: Value): void {
    this.names.push(name)
    this.values.push(value)
  }
}
