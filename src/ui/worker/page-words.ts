/** What the command line says, as the page can say it: a page has no options, and no folder docs beside it. */
import type { WarningWords } from '../../reports/warning-words.ts'

const OPTION = '--(?:apply|as|assume|filter|idle|outcome|packet|rule)(?![\\w-])'
const PAGE_OF_DOCS = 'docs/[\\w-]+\\.md'

/** Where the words stood on the command line, at the beginning of what is said of them. */
const BEGINNING = new RegExp(`^${OPTION}:? `)
const ASIDE = new RegExp(` \\((?:${OPTION}|${PAGE_OF_DOCS}) [^()]*\\)`, 'g')
/** Help that is about nothing else. */
const ELSEWHERE = new RegExp(`^(?:${OPTION}|.*${PAGE_OF_DOCS}\\.?$)`)

export function refusalWords({ message, hint }: { message: string; hint?: string | undefined }) {
  const said = message.replace(BEGINNING, '').replace(ASIDE, '')
  const lines = hint?.split('\n').map((line) => line.replace(ASIDE, ''))
  const help = lines?.filter((line) => !ELSEWHERE.test(line)).join('\n')
  return { message: said, ...(help === undefined || help.trim() === '' ? {} : { hint: help }) }
}

export const warningsOnPage = (warnings: readonly WarningWords[]): WarningWords[] =>
  warnings.map((one) => ({ ...one, message: one.message.replace(ASIDE, '') }))
