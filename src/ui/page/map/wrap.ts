/** Rows of at most so many letters; what needs more rows than `most` is cut, and says so. */
export function wrap(text: string, letters: number, most = 3): string[] {
  const width = Math.max(4, letters)
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ')) {
    const joined = row === '' ? word : `${row} ${word}`
    if (lengthOf(joined) <= width) {
      row = joined
      continue
    }
    if (row !== '') rows.push(row)
    row = word
    while (lengthOf(row) > width && rows.length <= most) {
      const part = start(row, width)
      rows.push(part)
      row = row.slice(part.length)
    }
    if (rows.length > most) break
  }
  if (row !== '' || rows.length === 0) rows.push(row)
  if (rows.length <= most) return rows
  return [...rows.slice(0, most - 1), `${start(rows[most - 1]!, width - 1)}…`]
}

/** As many of its letters as have room; none is cut in two. */
function start(text: string, width: number): string {
  let [length, end] = [0, 0]
  for (const letter of text) {
    length += cells(letter)
    if (length > width) break
    end += letter.length
  }
  return text.slice(0, end)
}

/** Of a letter of this width: Chinese letters and pictures have twice the room. */
const cells = (letter: string): number => (WIDE.test(letter) ? 2 : 1)
const WIDE = /[\u1100-\u115f\u2e80-\ud7a3\uf900-\ufaff\ufe30-\uffe6\u{1f000}-\u{3ffff}]/u

export function lengthOf(text: string): number {
  let length = 0
  for (const letter of text) length += cells(letter)
  return length
}
