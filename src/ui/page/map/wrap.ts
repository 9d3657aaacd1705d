/** Rows of at most so many letters; what needs more rows than `most` is cut, and says so. */
export function wrap(text: string, letters: number, most = 3): string[] {
  const width = Math.max(4, letters)
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ')) {
    const joined = row === '' ? word : `${row} ${word}`
    if (joined.length <= width) {
      row = joined
      continue
    }
    if (row !== '') rows.push(row)
    // a letter is never cut in two
    let rest = [...word]
    for (; rest.length > width && rows.length <= most; rest = rest.slice(width))
      rows.push(rest.slice(0, width).join(''))
    row = rest.slice(0, width).join('')
    if (rows.length > most) break
  }
  if (row !== '' || rows.length === 0) rows.push(row)
  if (rows.length <= most) return rows
  const last = [...rows[most - 1]!].slice(0, width - 1)
  return [...rows.slice(0, most - 1), `${last.join('')}…`]
}
