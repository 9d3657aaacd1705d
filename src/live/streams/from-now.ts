/** Of a kernel log, which begins with what was before, the lines from a moment on; by the uptime that each begins with. */

/** `[ 1234.567890] text` of dmesg, `6,1234,1234567890,-;text` of /dev/kmsg. */
const DMESG = /^(?:<\d+>)?\[\s*(\d+\.\d+)\]/
const KMSG = /^\d+,\d+,(\d+),/
/** Characters: the kernel's records are shorter. */
const LONGEST = 65_536

export class FromNow {
  private from = Number.POSITIVE_INFINITY
  private begun = false
  private rest = ''

  /** Seconds of uptime. */
  begin(uptime: number): void {
    // it is printed in hundredths
    this.from = uptime - 0.01
  }

  filter(chunk: Uint8Array): Uint8Array {
    if (this.begun) return chunk
    // Latin-1 keeps every byte
    this.rest += Buffer.from(chunk).toString('latin1')
    for (;;) {
      const end = this.rest.indexOf('\n')
      if (end < 0) {
        if (this.rest.length > LONGEST) this.rest = this.rest.slice(0, 100)
        return new Uint8Array(0)
      }
      if (this.isNew(this.rest.slice(0, end))) break
      this.rest = this.rest.slice(end + 1)
    }
    this.begun = true
    return Buffer.from(this.rest, 'latin1')
  }

  private isNew(line: string): boolean {
    const seconds = DMESG.exec(line)?.[1]
    const micros = KMSG.exec(line)?.[1]
    const at = seconds === undefined ? Number(micros) / 1e6 : Number(seconds)
    return at >= this.from
  }
}
