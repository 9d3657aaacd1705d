/** One line on a terminal's stderr while a long input is read; nothing elsewhere. */
const FIRST = 1000
const EVERY = 200

export class Progress {
  private readonly started = Date.now()
  private shown = 0
  private visible = false
  private calls = 0

  update(name: string, bytes: number, size: number | undefined): void {
    // asking the clock for every block would be most of the work
    if (++this.calls % 8 !== 0 || !process.stderr.isTTY) return
    const now = Date.now()
    if (now - this.started < FIRST || now - this.shown < EVERY) return
    this.shown = now
    this.visible = true
    const part = size ? `${Math.floor((bytes / size) * 100)} % of ${megabytes(size)}` : megabytes(bytes)
    process.stderr.write(`\r\x1b[Kreading ${printableName(name)}: ${part}`)
  }

  /** Takes the line away. */
  done(): void {
    if (this.visible) process.stderr.write('\r\x1b[K')
    this.visible = false
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`

const printableName = (name: string) => name.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')
