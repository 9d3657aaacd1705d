/** States without any header, one for each host: for packets of which the capture shows none. */
import * as F from '../read/captures/header-fields.ts'
import type { PacketStates } from '../read/captures/states.ts'

export class HeaderlessStates {
  private readonly states: PacketStates
  private readonly byHost = new Map<string, number>()

  constructor(states: PacketStates) {
    this.states = states
  }

  of(host: string): number {
    let state = this.byHost.get(host)
    if (state === undefined) {
      const bytes = Uint8Array.from(host, (letter) => letter.charCodeAt(0))
      const row = new Int32Array(F.COLUMNS)
      row[F.FAMILY] = -1
      row[F.HOST] = this.states.names.number(bytes, 0, bytes.length)
      const none = new Uint8Array(0)
      state = this.states.add(none, new DataView(none.buffer), 0, 0, -1, row, -1, () => ({}))
      this.states.retain(state)
      this.byHost.set(host, state)
    }
    return state
  }
}
