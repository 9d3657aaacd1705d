/** What a capture file says of one interface that was captured on: how its packets and their times are to be read. */
export interface CaptureInterface {
  linkType: number
  /** Of time stamps, in units a second. */
  units: number
  /** Seconds to be added. */
  offset: number
}

/** What timeOf found: whole seconds, and whole microseconds behind them. */
export let seconds = 0
export let micros = 0

/** A time of 64 bits in two halves: more than a number can hold exactly, so it is divided 16 bits at a time. */
export function timeOf(high: number, low: number, { units, offset }: CaptureInterface): void {
  if (units > 2 ** 36) {
    const all = high * 2 ** 32 + low
    seconds = Math.floor(all / units)
    micros = Math.floor(((all - seconds * units) / units) * 1e6)
  } else {
    const first = (high % units) * 65536 + (low >>> 16)
    const second = (first % units) * 65536 + (low & 0xffff)
    seconds = (Math.floor(high / units) * 65536 + Math.floor(first / units)) * 65536 + Math.floor(second / units)
    micros = Math.floor(((second % units) * 1e6) / units)
  }
  seconds += offset
}

/** pcapng's if_tsresol: a power of ten, or of two where the top bit is set. */
export const unitsOf = (resolution: number): number =>
  resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** (resolution & 0x7f)
