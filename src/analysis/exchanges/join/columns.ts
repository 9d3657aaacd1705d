/** Columns of numbers that grow: four times as many, for what is not used yet takes no memory, and copies do. */
export function grown<T extends Int32Array | Uint8Array | Float64Array>(old: T): T {
  const Column = old.constructor as new (length: number) => T
  const column = new Column(4 * old.length)
  column.set(old)
  return column
}
