/** The pages of docs/findings, which the package has: one for each code of a finding and each status of an exchange. */
import { closest } from '../rules/closest.ts'
import { ownFile, ownFiles } from './own-files.ts'

/** In the package. */
const PAGES = 'docs/findings'

/** Sorted. */
export const findingCodes = (): string[] =>
  [...ownFiles(PAGES).keys()].flatMap((file) => /^([a-z-]+)\.md$/.exec(file)?.[1] ?? []).sort()

/** Markdown; undefined where there is no such page. */
export function findingPage(code: string): string | undefined {
  const bytes = /^[a-z-]+$/.test(code) ? ownFile(`${PAGES}/${code}.md`) : undefined
  return bytes && new TextDecoder().decode(bytes)
}

/** The one that differs in a few letters; else all that share a word with it. */
export function nearest(name: string, known: readonly string[]): string[] {
  const one = closest(name, known)
  if (one !== undefined) return [one]
  const words = name.toLowerCase().split(/[^a-z]+/)
  return known.filter((code) => code.split('-').some((part) => part.length > 2 && words.includes(part)))
}
