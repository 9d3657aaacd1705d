/** A call's answer or error, as the protocol has it. */
import { printable, printableJson } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'

interface Answered {
  [other: string]: unknown
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: true
}

/** The same data twice: programs take the structured one, some clients show models the text alone. */
export async function answered(answer: () => Promise<Record<string, unknown>>): Promise<Answered> {
  try {
    const structuredContent = await answer()
    return { content: [{ type: 'text', text: printableJson(structuredContent) }], structuredContent }
  } catch (error) {
    return { content: [{ type: 'text', text: errorText(error) }], isError: true }
  }
}

/** What the command line says of it. */
export function errorText(error: unknown): string {
  const text =
    error instanceof UserError
      ? [error.message, ...(error.hint === undefined ? [] : [error.hint])].join('\n')
      : isEnded(error)
        ? 'The call was ended.'
        : `This is a bug of nfwhy, please report it with the input:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  return text.split('\n').map(printable).join('\n')
}

const isEnded = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
