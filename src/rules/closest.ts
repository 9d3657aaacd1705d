/** The candidate that differs from `word` in the fewest letters, if those are few; else undefined. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  let fewest = Math.min(2, Math.floor((lower.length - 1) / 2)) + 1
  let tried = 0
  for (const candidate of candidates) {
    // as many letters as that have to be added or left out
    if (Math.abs(candidate.length - lower.length) >= fewest) continue
    if (++tried > MOST_TRIED) break
    const distance = letters(lower, candidate.toLowerCase(), fewest)
    if (distance < fewest) {
      best = candidate
      fewest = distance
    }
  }
  return best
}

/** Who has more names to choose from is not helped by one of them. */
const MOST_TRIED = 200
/** Nor who has names like that. */
const LONGEST = 100

/** How many letters have to be added, left out, changed, or swapped with the next; `most`, if it is not fewer. */
function letters(a: string, b: string, most: number): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    const above = rows[i - 1]!
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
    // a swap goes back two rows
    if (Math.min(...row, ...rows[i - 1]!) >= most) return most
  }
  return Math.min(most, rows[a.length]![b.length]!)
}
