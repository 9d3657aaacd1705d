/** A smaller case that fails in the same way: files, words, lines and bytes are left out, as long as it still does. */
import type { Case } from './case.ts'

/** `fails`: does it still? `tries`: how often that is asked at most. */
export async function shrink(one: Case, fails: (one: Case) => Promise<boolean>, tries: number): Promise<Case> {
  let best = one
  let left = tries
  const attempt = async (smaller: Case): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(smaller))) return false
    best = smaller
    return true
  }
  for (let i = best.files.length - 1; i > 0; i--)
    await attempt({ ...best, files: best.files.filter((_, k) => k !== i) })
  for (const list of ['packets', 'apply'] as const)
    for (let i = best.words[list].length - 1; i >= 0; i--)
      await attempt({ ...best, words: { ...best.words, [list]: best.words[list].filter((_, k) => k !== i) } })
  for (const [parts, glue] of [
    [/\n/, '\n'],
    [/(?<=[\s,;{}()[\]"])/, ''],
    [/(?:)/, ''],
  ] as const)
    for (const [get, put] of textsOf(best)) {
      const leaveOut = async (pieces: readonly string[], from: number, to: number) =>
        attempt(put(best, [...pieces.slice(0, from), ...pieces.slice(to)].join(glue)))
      let pieces = get(best).split(parts)
      for (let size = Math.ceil(pieces.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
        for (let at = 0; at < pieces.length && left > 0; )
          if (await leaveOut(pieces, at, at + size)) pieces = [...pieces.slice(0, at), ...pieces.slice(at + size)]
          else at += size
    }
  return best
}

type Text = [(one: Case) => string, (one: Case, text: string) => Case]

/** Every text of a case: how it is got, and how it is put back. */
function textsOf({ files, words }: Case): Text[] {
  const texts: Text[] = files.map((_, i) => [
    (one) => one.files[i]!.text,
    (one, text) => ({ ...one, files: one.files.map((file, k) => (k === i ? { ...file, text } : file)) }),
  ])
  for (const list of ['packets', 'apply'] as const)
    words[list].forEach((_, i) => {
      texts.push([
        (one) => one.words[list][i]!,
        (one, text) => ({
          ...one,
          words: { ...one.words, [list]: one.words[list].map((word, k) => (k === i ? text : word)) },
        }),
      ])
    })
  for (const word of ['filter', 'rule'] as const)
    if (words[word] !== undefined)
      texts.push([(one) => one.words[word]!, (one, text) => ({ ...one, words: { ...one.words, [word]: text } })])
  return texts
}
