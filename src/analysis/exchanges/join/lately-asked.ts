/** The latest packets of those who ask, by IPv4 id or IPv6 flow label, and length: what an ICMP error quotes of one, where a trace shows no more. */

/** An error comes within a round trip. */
const MOST = 1024
/** Identity, exchange, capture, journey. */
const WORDS = 4

export class LatelyAsked {
  private readonly ring = new Int32Array(MOST * WORDS)
  private at = 0

  /** `identity`: as header-fields.ts has it of what an error quotes; 0 is none. */
  note(identity: number, exchange: number, capture: number, journey: number): void {
    if (identity === 0) return
    this.ring[this.at] = identity
    this.ring[this.at + 1] = exchange
    this.ring[this.at + 2] = capture
    this.ring[this.at + 3] = journey
    this.at = (this.at + WORDS) % this.ring.length
  }

  /** The one exchange that has such a packet and that `fits`; undefined: none, or several. */
  only(identity: number, capture: number, fits: (exchange: number) => boolean): number | undefined {
    const { ring } = this
    let only: number | undefined
    if (identity === 0) return undefined
    for (let i = 0; i < ring.length; i += WORDS) {
      const exchange = ring[i + 1]!
      if (ring[i] !== identity || ring[i + 2] !== capture || exchange === only || !fits(exchange)) continue
      if (only !== undefined) return undefined
      only = exchange
    }
    return only
  }

  /** Journeys of the exchanges that `fits` of which no packet is such a one: an error that quotes it is about none of them. */
  others(identity: number, capture: number, fits: (exchange: number) => boolean): ReadonlySet<number> {
    const { ring } = this
    const journeys = new Map<number, number>()
    const quoted = new Set<number>()
    if (identity === 0) return new Set()
    for (let i = 0; i < ring.length; i += WORDS) {
      const exchange = ring[i + 1]!
      if (ring[i] === 0 || ring[i + 2] !== capture || !fits(exchange)) continue
      journeys.set(ring[i + 3]!, exchange)
      if (ring[i] === identity) quoted.add(exchange)
    }
    return new Set([...journeys].filter(([, exchange]) => !quoted.has(exchange)).map(([journey]) => journey))
  }
}
