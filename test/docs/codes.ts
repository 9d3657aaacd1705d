/** Every finding code, as `finding('CODE', SEVERITY, …` says in the sources. */
import { sourcesIn } from './sources.ts'

const CALL = /\bfinding\(\s*'([a-z-]+)',([^,]+),/g

/** Its severities by code. */
export const SEVERITIES: ReadonlyMap<string, ReadonlySet<string>> = severities()

function severities(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const sources = ['src/explain/', 'src/analysis/exchanges/'].flatMap((folder) => sourcesIn(folder))
  for (const [, code, severity] of sources.flatMap(({ text }) => [...text.matchAll(CALL)])) {
    const known = found.get(code!) ?? new Set()
    found.set(code!, known)
    for (const [, word] of severity!.matchAll(/'(\w+)'/g)) known.add(word!)
  }
  return found
}
