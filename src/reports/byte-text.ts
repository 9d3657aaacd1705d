/** Text as UTF-8 bytes in memory that is used again: long lines that are put together from pieces cost no strings. */

const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

/** Copied one by one faster than by a call. */
const FEW = 16

export class ByteText {
  private memory = new Uint8Array(1 << 15)
  private used = 0

  clear(): void {
    this.used = 0
  }

  add(bytes: Uint8Array): void {
    const { length } = bytes
    this.reserve(length)
    const { memory, used } = this
    if (length > FEW) memory.set(bytes, used)
    else for (let i = 0; i < length; i++) memory[used + i] = bytes[i]!
    this.used = used + length
  }

  /** ASCII alone. */
  addPlain(text: string): void {
    const { length } = text
    this.reserve(length)
    const { memory, used } = this
    for (let i = 0; i < length; i++) memory[used + i] = text.charCodeAt(i)
    this.used = used + length
  }

  /** Good until the next change. */
  get bytes(): Uint8Array {
    return this.memory.subarray(0, this.used)
  }

  private reserve(more: number): void {
    if (this.used + more <= this.memory.length) return
    const bigger = new Uint8Array(2 * (this.used + more))
    bigger.set(this.memory)
    this.memory = bigger
  }
}
