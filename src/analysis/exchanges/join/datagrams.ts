/** To which exchange the fragments of one datagram belong: they have its addresses and IP id in common, and only the first has ports. */
import type { Role } from './joined.ts'

/** Packets among which the other fragments are looked for. */
const LATELY = 256
/** Addresses, protocol, IP id, machine, capture; and the exchange, with the role in it. */
const WORDS = 8 + 4 + 2
const PROTOCOL = 10
const ROLES: readonly Role[] = ['request', 'retransmissions', 'replies', 'errors']

export class Datagrams {
  private readonly lately = new Int32Array(LATELY * WORDS)
  private readonly key = new Int32Array(WORDS)
  private latest = 0

  /** `ipId`: negative for a later fragment. */
  find(
    tuple: Int32Array,
    ipId: number,
    host: number,
    capture: number,
  ): { number: number; role: Role; first: boolean } | undefined {
    this.arrange(tuple, ipId, host, capture)
    const { lately, key } = this
    for (let at = 0; at < lately.length; at += WORDS) {
      let i = 0
      while (i < WORDS - 2 && lately[at + i] === key[i]) i++
      if (i < WORDS - 2) continue
      const told = lately[at + WORDS - 1]!
      return { number: lately[at + WORDS - 2]!, role: ROLES[told >> 1]!, first: (told & 1) === 1 }
    }
    return undefined
  }

  note(tuple: Int32Array, ipId: number, host: number, capture: number, number: number, role: Role): void {
    this.arrange(tuple, ipId, host, capture)
    this.key[WORDS - 2] = number
    this.key[WORDS - 1] = (ROLES.indexOf(role) << 1) | (ipId > 0 ? 1 : 0)
    this.lately.set(this.key, this.latest)
    this.latest = (this.latest + WORDS) % this.lately.length
  }

  private arrange(tuple: Int32Array, ipId: number, host: number, capture: number): void {
    for (let i = 0; i < 8; i++) this.key[i] = tuple[i]!
    this.key[8] = tuple[PROTOCOL]!
    this.key[9] = Math.abs(ipId)
    this.key[10] = host
    // 0: the place was never used
    this.key[11] = capture + 1
  }
}
