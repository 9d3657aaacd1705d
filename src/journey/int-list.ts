/** Whole numbers in a row, emptied and filled again without new memory: an array's own memory goes with its length. */
export class IntList {
  private items = new Int32Array(32)
  length = 0

  push(item: number): void {
    if (this.length === this.items.length) {
      const bigger = new Int32Array(this.length * 2)
      bigger.set(this.items)
      this.items = bigger
    }
    this.items[this.length++] = item
  }

  /** Zero where there is none. */
  at(index: number): number {
    return index < this.length ? this.items[index]! : 0
  }

  /** Zero where there is none. */
  last(): number {
    return this.length > 0 ? this.items[this.length - 1]! : 0
  }

  includes(item: number): boolean {
    for (let i = 0; i < this.length; i++) if (this.items[i] === item) return true
    return false
  }

  clear(): void {
    this.length = 0
  }

  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.length; i++) yield this.items[i]!
  }
}
